import { z } from 'zod';
import type { Json } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import { cleanPath, hasControlCharacter, isSizeLimit, pathProblem } from '../pod/path.ts';
import {
  longestCapability,
  longestLabelKey,
  longestLabelValue,
  longestPath,
  longestSize,
  mostCapabilities,
  mostExceptions,
  mostGroups,
  mostImages,
  mostPaths,
  mostSelectorEntries,
  mostWritablePathEntries,
} from './bounds.ts';
import { capabilityProblem } from './capability.ts';
import { isGlobProblem } from './glob.ts';
import type { ImagePatterns } from './imagePattern.ts';
import { compileImagePatterns, costProblem, longestImagePattern, readImagePattern } from './imagePattern.ts';
import { isLabelKey, isLabelValue } from './label.ts';
import type { PolicyProblem } from './policyProblem.ts';
import { problemsOf, quoteValue } from './policyProblem.ts';
import { ruleIds } from './ruleId.ts';
import { sizeProblem } from './size.ts';

/** Source: k8s.io/kubernetes pkg/apis/core/validation, `IsValidUserID` and `IsValidGroupID`. */
export const largestId = 2 ** 31 - 1;

const userId = z.int().min(1).max(largestId);
const groupId = z.int().min(0).max(largestId);
const seccompProfile = z
  .strictObject({
    type: z.enum(['RuntimeDefault', 'Localhost']),
    localhostProfile: z
      .string()
      .min(1)
      .max(longestPath, { abort: true })
      // Control characters and halves of surrogate pairs: no file is found by such a name.
      .refine((text) => !hasControlCharacter(text) && text.isWellFormed(), {
        message: 'has a character in it that no path can have',
      })
      .exactOptional(),
  })
  .superRefine(({ type, localhostProfile }, context) => {
    // Validation refuses the one without the other: k8s.io/kubernetes, `validateSeccompProfileField`.
    if ((type === 'Localhost') === (localhostProfile !== undefined)) {
      // Relative, and never upwards: k8s.io/kubernetes, `validateLocalDescendingPath`.
      if (localhostProfile === undefined || !/^\/|^(.*\/)?\.\.(\/.*)?$/.test(localhostProfile)) return;
      context.addIssue({
        code: 'custom',
        path: ['localhostProfile'],
        message: "must lie below the kubelet's seccomp folder",
      });
      return;
    }
    const message = type === 'Localhost' ? 'is missing' : 'goes with type Localhost alone';
    context.addIssue({ code: 'custom', path: ['localhostProfile'], message });
  });

/** Fields that both scopes have: at `pod` they are set once for all containers where that can be, at `container` on each. */
const shared = {
  runAsNonRoot: z.literal(true).optional(),
  runAsUser: userId.optional(),
  runAsGroup: groupId.optional(),
  seccompProfile: seccompProfile.optional(),
};

const podFields = z.strictObject({
  ...shared,
  fsGroup: groupId.optional(),
  supplementalGroups: z.array(groupId).min(1).max(mostGroups).optional(),
});

const containerFields = z.strictObject({
  ...shared,
  allowPrivilegeEscalation: z.literal(false).optional(),
  capabilities: z
    .strictObject({
      drop: z
        .array(
          z
            .string()
            .max(longestCapability, { abort: true })
            .regex(/^[A-Z][A-Z_]*$/, { abort: true })
            .superRefine((name, context) => {
              const problem = capabilityProblem(name);
              if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
            }),
        )
        .min(1)
        .max(mostCapabilities),
    })
    .optional(),
  readOnlyRootFilesystem: z.literal(true).optional(),
});

const imagePattern = z
  .string()
  .max(longestImagePattern, { abort: true })
  .transform((text, context) => {
    const pattern = readImagePattern(text);
    if (!isGlobProblem(pattern)) return pattern;
    context.addIssue({ code: 'custom', message: pattern.problem });
    return z.NEVER;
  });

export const imagePatterns = z.array(imagePattern).min(1).max(mostImages);

export const path = z
  .string()
  .max(longestPath, { abort: true })
  .superRefine((text, context) => {
    const problem = pathProblem(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `${quoteValue(text)} ${problem}` });
  });

const sizeLimit = z
  .string()
  .max(longestSize, { abort: true })
  .refine(isSizeLimit, { message: 'is not a size such as 64Mi' });

const writablePath = z.union([path, z.strictObject({ path, sizeLimit: sizeLimit.optional() })]);

const labelValue = z.string().max(longestLabelValue, { abort: true }).refine(isLabelValue, {
  message:
    'is no value of a label: it has up to 63 letters, digits, "-", "_" and ".", and begins and ends with one of the first two',
});

const badLabelKey =
  'is no key of a label: a name of up to 63 letters, digits, "-", "_" and ".", perhaps behind a DNS name and "/"';

const labelSelector = z.strictObject({
  matchLabels: z
    .record(z.string().max(longestLabelKey), labelValue)
    .superRefine((labels, context) => {
      for (const key of Object.keys(labels)) {
        if (!isLabelKey(key)) context.addIssue({ code: 'custom', path: [key], message: badLabelKey });
      }
    })
    .refine((labels) => Object.keys(labels).length <= mostSelectorEntries, {
      message: `has more than ${mostSelectorEntries} entries`,
    })
    .meta({ maxProperties: mostSelectorEntries })
    .optional(),
  matchExpressions: z
    .array(
      z
        .strictObject({
          key: z.string().min(1).max(longestLabelKey, { abort: true }).refine(isLabelKey, { message: badLabelKey }),
          operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
          values: z.array(labelValue).max(mostSelectorEntries).optional(),
        })
        .superRefine(({ operator, values = [] }, context) => {
          // Source: k8s.io/apimachinery, `LabelSelectorAsSelector`, which refuses the same.
          const needsValues = operator === 'In' || operator === 'NotIn';
          if (needsValues === values.length > 0) return;
          const message = needsValues ? `is missing: ${operator} needs some` : `goes with In and NotIn alone`;
          context.addIssue({ code: 'custom', path: ['values'], message });
        }),
    )
    .max(mostSelectorEntries)
    .optional(),
});

const exception = z
  .strictObject({
    podSelector: labelSelector.optional(),
    images: imagePatterns.optional(),
    skip: z.array(z.enum(ruleIds)).min(1).max(ruleIds.length),
  })
  .refine(({ podSelector, images }) => podSelector !== undefined || images !== undefined, {
    message: 'needs a podSelector or images; to switch a field off everywhere, leave it out of the policy',
  });

/** What a namespace says to opt out, so no policy is called the same. */
export const optOut = 'none';

/** A DNS-1123 label, since the name stands in a URL's path and in a namespace's label. */
const policyName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
  .refine((name) => name !== optOut, { message: `"${optOut}" is what a namespace says to opt out` });

/** The one source of what a policy may say: for files, for the types here, and for the custom resource's schema. */
export const policySchema = z.strictObject({
  apiVersion: z.literal('kube-harden.io/v1alpha1'),
  kind: z.literal('HardeningPolicy'),
  metadata: z.looseObject({ name: policyName }),
  spec: z
    .strictObject({
      pod: podFields.optional().describe("What to fill in in a pod's securityContext."),
      container: containerFields.optional().describe("What to fill in in each container's securityContext."),
      writablePaths: z
        .array(z.strictObject({ images: imagePatterns, paths: z.array(writablePath).min(1).max(mostPaths) }))
        .max(mostWritablePathEntries)
        .optional()
        .describe('Where images write: these paths get an emptyDir where the root filesystem is read-only.'),
      exceptions: z
        .array(exception)
        .max(mostExceptions)
        .optional()
        .describe('What to leave out for some pods or images.'),
      lowPorts: z
        .boolean()
        .optional()
        .describe('Whether ports below 1024 keep working without root, by a sysctl. Default: false.'),
      podMayDeclareWritablePaths: z
        .boolean()
        .optional()
        .describe('Whether pods may declare writable paths of their own by annotations. Default: true.'),
    })
    .superRefine(({ pod = {}, container = {}, writablePaths = [], exceptions = [] }, context) => {
      const tooCostly = costProblem([...writablePaths, ...exceptions].flatMap(({ images = [] }) => images));
      if (tooCostly !== undefined) context.addIssue({ code: 'custom', message: tooCostly });
      for (const field of Object.keys(shared) as (keyof typeof shared)[]) {
        if (pod[field] === undefined || container[field] === undefined) continue;
        if (JSON.stringify(pod[field]) === JSON.stringify(container[field])) continue;
        const message = `differs from spec.pod.${field}, which containers inherit: leave one of them out`;
        context.addIssue({ code: 'custom', path: ['container', field], message });
      }
    }),
});

export type LabelSelector = z.infer<typeof labelSelector>;

export interface WritablePath {
  /** Clean: absolute, no slash at its end. */
  readonly path: string;
  /** A Kubernetes quantity, such as `64Mi`. */
  readonly sizeLimit: string | undefined;
}

export interface Exception {
  readonly podSelector: LabelSelector | undefined;
  /** Whether it is for some images alone, those that `exceptedImages` says. */
  readonly isForImages: boolean;
  readonly skip: readonly string[];
}

/** A HardeningPolicy made ready for use: every field that may be missing has its default, every pattern is compiled. */
export interface Policy {
  readonly name: string;
  readonly pod: z.infer<typeof podFields>;
  readonly container: z.infer<typeof containerFields>;
  readonly writablePaths: ImagePatterns<readonly WritablePath[]>;
  readonly exceptions: readonly Exception[];
  /** Of all exceptions that are for some images, so that an image is looked for once. */
  readonly exceptedImages: ImagePatterns<Exception>;
  readonly lowPorts: boolean;
  readonly podMayDeclareWritablePaths: boolean;
  /** As it was written: what is compiled of it cannot be sent to another thread. */
  readonly document: Json;
}

export type ParsedPolicy = { readonly policy: Policy } | { readonly problems: readonly PolicyProblem[] };

/** Whether a document says that it is a policy; whether it is a good one, `parsePolicy` tells. */
export function isPolicyDocument(document: Json): boolean {
  return (
    typeof document === 'object' && document !== null && 'kind' in document && document['kind'] === 'HardeningPolicy'
  );
}

/** Parses a HardeningPolicy strictly: an unknown key, a wrong type and a wrong scope are problems, never ignored. */
export function parsePolicy(document: Json): ParsedPolicy {
  const tooLarge = isJsonObject(document) ? sizeProblem(document['spec'] ?? null) : undefined;
  if (tooLarge !== undefined) return { problems: [{ path: ['spec'], message: tooLarge }] };
  const result = policySchema.safeParse(document, { reportInput: true });
  if (!result.success) {
    const fields = { pod: Object.keys(podFields.shape), container: Object.keys(containerFields.shape) };
    return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [], fields)) };
  }
  const { metadata, spec } = result.data;
  const exceptions = (spec.exceptions ?? []).map(({ podSelector, images = [], skip }) => ({
    images,
    entry: { podSelector, isForImages: images.length > 0, skip },
  }));
  return {
    policy: {
      name: metadata.name,
      pod: spec.pod ?? {},
      container: spec.container ?? {},
      writablePaths: compileImagePatterns(
        (spec.writablePaths ?? []).map(({ images, paths }) => ({ images, entry: paths.map(readWritablePath) })),
      ),
      exceptions: exceptions.map(({ entry }) => entry),
      exceptedImages: compileImagePatterns(exceptions),
      lowPorts: spec.lowPorts ?? false,
      podMayDeclareWritablePaths: spec.podMayDeclareWritablePaths ?? true,
      document,
    },
  };
}

function readWritablePath(written: z.infer<typeof writablePath>): WritablePath {
  if (typeof written === 'string') return { path: cleanPath(written), sizeLimit: undefined };
  return { path: cleanPath(written.path), sizeLimit: written.sizeLimit };
}
