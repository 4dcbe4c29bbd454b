import * as z from 'zod';
import type { IgnoredObject } from '../../kube/objects/cluster-objects.ts';
import { isEqual } from '../../kube/objects/equal.ts';
import type { Governing, Governs } from '../../kube/objects/governing.ts';
import type { LabelSelector } from '../../kube/objects/selector.ts';
import { labels } from '../schema/field.ts';
import { section } from '../schema/section.ts';
import { type Codec, line } from './text.ts';

const selector: Codec<LabelSelector> = section({
  matchLabels: labels,
  matchExpressions: z
    .array(section({ key: line, operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: z.array(line).max(256) }))
    .max(64),
});

const texts = z.array(line).max(2000);

const governs: Codec<Governs> = z.discriminatedUnion('what', [
  section({
    what: z.literal('pods'),
    namespace: line.nullable(),
    selector,
    directions: z.array(z.enum(['ingress', 'egress'])).max(2),
  }),
  section({ what: z.literal('service'), namespace: line, name: line }),
  section({ what: z.literal('target'), addresses: texts, services: texts }),
  section({ what: z.literal('nodes') }),
  section({ what: z.literal('allocation') }),
  section({ what: z.literal('unknown') }),
]);

/** An object, or a property of one, whose effect on packets is not modelled. Where it was written is not kept. */
export const governing: Codec<Governing> = z.codec(
  section({ namespace: line, name: line, labels, apiVersion: line, kind: line, governs, reason: line }),
  z.custom<Governing>(),
  {
    decode: (value) => ({ ...value, source: null }),
    encode: ({ namespace, name, labels: pairs, apiVersion, kind, governs: what, reason }) => ({
      namespace,
      name,
      labels: pairs,
      apiVersion,
      kind,
      governs: what,
      reason,
    }),
  },
);

export const ignoredObject: Codec<IgnoredObject> = section({ kind: line, namespace: line, name: line });

/** Whether two lists hold the same objects, wherever each of them was written. */
export function sameObjects(a: readonly object[], b: readonly object[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => isEqual(withoutSource(one), withoutSource(b[i] ?? {}))));
}

function withoutSource(object: object): object {
  return { ...object, source: null };
}
