import { z } from 'zod';
import type { Json, JsonObject } from '../core/json/json.ts';
import { isJsonObject } from '../core/json/json.ts';
import { policySchema } from '../core/policy/policy.ts';

const group = 'kube-harden.io';
const plural = 'hardeningpolicies';

/** Where the API server has the policies. */
export const policiesPath = `/apis/${group}/v1alpha1/${plural}`;

/**
 * Of a policy's object as JSON, in bytes; a longer one is not read, since that alone would hold up reviews. The largest
 * spec that is good, what its status repeats and what kubectl writes into an annotation come to a third of it.
 */
export const mostObjectBytes = 524_288;

/**
 * Makes the CustomResourceDefinition of HardeningPolicy. What the API server can check of a policy comes from the same
 * source as the parser of files; the rest, image patterns for one, the parser alone checks and tells in the status.
 *
 * Source: k8s.io/apiextensions-apiserver, structural schemas.
 */
export function makePolicyResourceDefinition(): JsonObject {
  const { properties = {} } = z.toJSONSchema(policySchema, { target: 'openapi-3.0', io: 'input' });
  const schema = makeStructural(properties as JsonObject) as JsonObject;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/name': 'kube-harden' } },
    spec: {
      group,
      scope: 'Cluster',
      names: { kind: 'HardeningPolicy', listKind: 'HardeningPolicyList', plural, singular: 'hardeningpolicy' },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            {
              name: 'Message',
              type: 'string',
              jsonPath: '.status.conditions[?(@.type=="Ready")].message',
              priority: 1,
            },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['metadata', 'spec'],
              description:
                'What kube-harden fills in in the pods of the namespaces that choose this policy by its name.',
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                // Of metadata, a definition may say no more than what names are.
                metadata: { type: 'object', properties: nameOf(schema['metadata']) },
                spec: schema['spec'] ?? {},
                status,
              },
            },
          },
        },
      ],
    },
  };
}

const status: JsonObject = {
  type: 'object',
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    specInForce: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      description: 'The last spec that was good: where the present one is refused, this one stays in force.',
    },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
        properties: {
          type: { type: 'string' },
          status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
          observedGeneration: { type: 'integer', format: 'int64' },
          lastTransitionTime: { type: 'string', format: 'date-time' },
          reason: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
};

function nameOf(metadata: Json | undefined): Json {
  return (isJsonObject(metadata) && metadata['properties']) || {};
}

/**
 * Of JSON Schema, structural schemas take a part: unknown fields are pruned, not forbidden, and a field has one type,
 * or none that the API server knows of.
 */
function makeStructural(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(makeStructural);
  if (!isJsonObject(schema)) return schema;
  if (Array.isArray(schema['anyOf'])) return makeUntyped(schema['anyOf'] as readonly JsonObject[]);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => key !== 'additionalProperties' || isJsonObject(value))
      .map(([key, value]) => [key, makeStructural(value)]),
  );
}

/** What may be a string or an object has no type; of bounds, each is held against values of its own type alone. */
function makeUntyped(alternatives: readonly JsonObject[]): JsonObject {
  const lengths = alternatives.flatMap(({ maxLength }) => (typeof maxLength === 'number' ? [maxLength] : []));
  const sizes = alternatives.flatMap(({ properties }) =>
    isJsonObject(properties) ? [Object.keys(properties).length] : [],
  );
  return {
    'x-kubernetes-preserve-unknown-fields': true,
    ...(lengths.length > 0 && { maxLength: Math.max(...lengths) }),
    ...(sizes.length > 0 && { maxProperties: Math.max(...sizes) }),
  };
}
