/**
 * How large a policy may be. Each bound is well above what anybody needs and well below what makes a policy a burden:
 * the API server holds most of them by the definition of HardeningPolicy, the parser all.
 */

/** Of `writablePaths`: four times what the built-in list of known images has. */
export const mostWritablePathEntries = 256;

/** Of an entry's images: the names and mirrors of one program. */
export const mostImages = 64;

/** Of an entry's paths: each becomes a volume and a mount of a pod. */
export const mostPaths = 64;

/** Of `exceptions`, which each rule asks for each container. */
export const mostExceptions = 64;

/** Of a selector's labels, of its expressions and of an expression's values. */
export const mostSelectorEntries = 64;

/** Of capabilities to drop: Linux 6.12 has 41, and there is ALL (include/uapi/linux/capability.h). */
export const mostCapabilities = 64;

/** The longest that there is has 18 characters, CHECKPOINT_RESTORE; there may be longer ones. */
export const longestCapability = 63;

/** Of supplemental groups: each is looked through whenever a process opens a file. */
export const mostGroups = 64;

/** Linux' PATH_MAX, with its closing zero byte. */
export const longestPath = 4095;

/** `IsQualifiedName`: a prefix of 253 characters, a slash and a name of 63 (k8s.io/apimachinery, validation.go). */
export const longestLabelKey = 317;

/** `IsValidLabelValue` (k8s.io/apimachinery, validation.go). */
export const longestLabelValue = 63;

/** A size with twelve digits, three more behind a point, and a unit. */
export const longestSize = 18;

/**
 * Of the spec as JSON, in UTF-16 units: eight times what the built-in `hardened` has. One so large parses in a few
 * milliseconds, in which no review is answered; as its status repeats it, and an annotation of kubectl's may once more,
 * it is still far from the 1.5 MiB that the API server stores.
 */
export const longestSpec = 32_768;

/** Of the spec's values, lists and objects included: what each of them costs, its length does not tell. */
export const mostValues = 2048;
