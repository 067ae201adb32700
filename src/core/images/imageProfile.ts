import { z } from 'zod';
import type { Json } from '../json/json.ts';
import { isJsonObject } from '../json/json.ts';
import { cleanPath } from '../pod/path.ts';
import { longestCapability, longestPath, mostCapabilities } from '../policy/bounds.ts';
import type { Glob } from '../policy/glob.ts';
import { isGlobProblem, matchesGlob, readGlob } from '../policy/glob.ts';
import type { ImagePattern } from '../policy/imagePattern.ts';
import { imagePatterns, largestId, path } from '../policy/policy.ts';
import type { PolicyProblem } from '../policy/policyProblem.ts';
import { problemsOf, quoteValue } from '../policy/policyProblem.ts';
import { ruleIds } from '../policy/ruleId.ts';
import { sizeProblem } from '../policy/size.ts';
import {
  longestSource,
  longestTag,
  longestUser,
  mostDigests,
  mostPorts,
  mostPrograms,
  mostTags,
  mostVolumes,
  mostWritablePaths,
} from './bounds.ts';

/**
 * What is known of an image, in one shape for what is built in, what `inspect` reads from a registry, what runs teach
 * and what people write. A field that is missing says that nothing is known; one that is empty, that there is nothing.
 */

/** Zero is root, of which a profile has to be able to tell. */
const id = z.int().min(0).max(largestId);

const filePath = z
  .string()
  .max(longestPath, { abort: true })
  // Whatever a program or a volume is called: it is told, never mounted over.
  .refine((text) => text.startsWith('/') && !hasControlCharacter(text), { message: 'is no absolute path' });

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

/** `sha256:` and 64 digits, or `sha512:` and 128 (OCI image specification, "Registered algorithms"). */
const digest = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);

const tag = z
  .string()
  .max(longestTag, { abort: true })
  .transform((text, context) => {
    const glob = readTagPattern(text);
    if (!isGlobProblem(glob)) return glob;
    context.addIssue({ code: 'custom', message: `a tag's pattern ${glob.problem}` });
    return z.NEVER;
  });

function readTagPattern(text: string): ReturnType<typeof readGlob> {
  // What follows is all that a tag may have (distribution/reference, `TagRegexp`), and what patterns add.
  const stranger = /[^\w.\-*?[\]!^]/.exec(text)?.[0];
  if (stranger !== undefined) return { problem: `has no ${quoteValue(stranger)}, since no tag has: leave it out` };
  if (text === '') return { problem: 'must not be empty: write "*" for all tags, or leave tags out' };
  return readGlob(text);
}

const user = z.strictObject({
  uid: id,
  gid: id.optional(),
  source: z
    .enum(['declared', 'passwd', 'default', 'documented', 'observed'])
    .describe(
      "Whence the uid is known: the image declares it as a number, its passwd has the name, it declares none and runs as root, the image's documentation, a run.",
    ),
});

const stepsDownTo = z.strictObject({
  name: z.string().min(1).max(longestUser).optional(),
  uid: id.optional(),
  gid: id.optional(),
  guarded: z
    .boolean()
    .describe('Whether it steps down only where it starts as root, so that it may start as that user.'),
});

const port = z.strictObject({
  containerPort: z.int().min(1).max(65_535),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
});

const capability = z
  .string()
  .max(longestCapability)
  .regex(/^(?!CAP_)[A-Z][A-Z0-9_]*$/);

const fileCapability = z.strictObject({
  program: filePath,
  capabilities: z.array(capability).min(1).max(mostCapabilities).describe('As in a pod: without CAP_.'),
  effective: z
    .boolean()
    .optional()
    .describe('Whether the program gets them by itself; then it cannot even be started without them. Default: true.'),
  starts: z.boolean().describe('Whether it is what the image starts.'),
});

const writablePath = z.strictObject({
  path,
  source: z
    .enum(['volume', 'owned', 'script', 'binary', 'documented', 'observed'])
    .describe(
      'Whence it is known: the image declares a volume, gives the directory to its user, writes there in a script, names it in its program, its documentation, a run.',
    ),
  hasContent: z.boolean().optional().describe('Whether the image has something there that an emptyDir would hide.'),
});

/** A DNS-1123 subdomain, as the names of most resources are. */
const profileName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** The one source of what a profile may say: for files, for the types here, and for a resource's schema. */
export const imageProfileSchema = z.strictObject({
  apiVersion: z.literal('kube-harden.io/v1alpha1'),
  kind: z.literal('ImageProfile'),
  metadata: z.looseObject({ name: profileName }),
  spec: z
    .strictObject({
      images: imagePatterns.optional().describe('Which images, by patterns as in policies.'),
      tags: z.array(tag).min(1).max(mostTags).optional().describe('Which tags of them, by patterns; "latest" is none.'),
      digests: z
        .array(digest)
        .min(1)
        .max(mostDigests)
        .optional()
        .describe("Which image, by what identifies it: its manifest's digest, and those of indexes that have it."),
      platform: z
        .string()
        .max(longestTag)
        .regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9.]+)?$/)
        .optional(),
      declaredUser: z.string().max(longestUser).optional().describe('The USER as written; empty where there is none.'),
      user: user.optional().describe('Whom it starts as.'),
      stepsDownTo: stepsDownTo.optional().describe('Whom its entrypoint becomes.'),
      volumes: z.array(filePath).max(mostVolumes).optional(),
      ports: z.array(port).max(mostPorts).optional(),
      fileCapabilities: z
        .array(fileCapability)
        .max(mostPrograms)
        .optional()
        .describe('Programs that carry capabilities in their files.'),
      writablePaths: z
        .array(writablePath)
        .max(mostWritablePaths)
        .optional()
        .describe('Where it writes; empty where it writes nothing.'),
      survives: z
        .array(z.enum(ruleIds))
        .max(ruleIds.length)
        .optional()
        .describe('Under which hardening it has been seen to run.'),
      observedAt: z.iso.datetime().optional().describe('When this was found out.'),
      source: z.string().max(longestSource).optional().describe('Whence all of it is known, for people.'),
    })
    .superRefine(({ images, tags, digests }, context) => {
      if ((images === undefined) === (digests === undefined)) {
        const message =
          images === undefined ? 'needs images or digests' : 'has images or digests, not both: make two profiles of it';
        context.addIssue({ code: 'custom', message });
      } else if (tags !== undefined && images === undefined) {
        context.addIssue({ code: 'custom', path: ['tags'], message: 'goes with images alone' });
      }
    }),
});

/** A profile as it is written. */
export type ImageProfileDocument = z.input<typeof imageProfileSchema>;

type Spec = z.infer<typeof imageProfileSchema>['spec'];
export type WritableImagePath = NonNullable<Spec['writablePaths']>[number];

/** A profile made ready for use: its patterns are compiled, its paths clean. */
export interface ImageProfile extends Omit<Spec, 'images' | 'tags' | 'digests'> {
  readonly name: string;
  /** Patterns of names; none where it goes by digest. */
  readonly images: readonly ImagePattern[];
  /** `undefined` for all tags. */
  readonly tags: readonly Glob[] | undefined;
  readonly digests: readonly string[];
}

export type ParsedImageProfile = { readonly profile: ImageProfile } | { readonly problems: readonly PolicyProblem[] };

/** Whether a document says that it is a profile; whether it is a good one, `parseImageProfile` tells. */
export function isImageProfileDocument(document: Json): boolean {
  return isJsonObject(document) && document['kind'] === 'ImageProfile';
}

/** Parses an ImageProfile strictly: an unknown key, a wrong type and an impossible pattern are problems, never ignored. */
export function parseImageProfile(document: Json): ParsedImageProfile {
  const tooLarge = isJsonObject(document) ? sizeProblem(document['spec'] ?? null, 'profiles') : undefined;
  if (tooLarge !== undefined) return { problems: [{ path: ['spec'], message: tooLarge }] };
  const result = imageProfileSchema.safeParse(document, { reportInput: true });
  if (!result.success) {
    return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [], { pod: [], container: [] })) };
  }
  const { metadata, spec } = result.data;
  return {
    profile: {
      ...spec,
      name: metadata.name,
      images: spec.images ?? [],
      tags: spec.tags,
      digests: spec.digests ?? [],
      ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(cleanPath) }),
      ...(spec.writablePaths === undefined
        ? {}
        : { writablePaths: spec.writablePaths.map((entry) => ({ ...entry, path: cleanPath(entry.path) })) }),
    },
  };
}

/** Whether a profile that goes by name speaks of a tag. */
export function matchesTag({ tags }: Pick<ImageProfile, 'tags'>, tag: string): boolean {
  return tags === undefined || tags.some((glob) => matchesGlob(glob, tag));
}
