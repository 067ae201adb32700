/** How large an ImageProfile may be: each bound is well above what an image has and well below what is a burden. */

/** Of an image's tags as patterns: the variants that share facts. */
export const mostTags = 64;

/** The longest that a tag is (distribution/reference, `TagRegexp`). */
export const longestTag = 128;

/** Of digests: an index and the manifests of its platforms. */
export const mostDigests = 64;

/** Of volumes and of ports; the most that a widely used image declares is nine. */
export const mostVolumes = 64;
export const mostPorts = 64;

/** Of programs with capabilities: a distribution has ping and mtr, an image mostly none. */
export const mostPrograms = 32;

/** Of writable paths: what is proposed becomes volumes of a pod, which takes 64 of one policy's entry. */
export const mostWritablePaths = 64;

/** What useradd takes is 32 (shadow, `is_valid_user_name`); directory services give longer ones. */
export const longestUser = 256;

/** Of the texts that say whence something is known. */
export const longestSource = 512;
