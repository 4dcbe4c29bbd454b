import type { Field } from './field.ts';
import { type Labels, labelOf, readLabels } from './meta.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

export interface LabelRequirement {
  readonly key: string;
  readonly operator: (typeof OPERATORS)[number];
  readonly values: readonly string[];
}

/** A label selector. An empty one selects everything. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly LabelRequirement[];
}

export const EVERYTHING: LabelSelector = Object.freeze({ matchLabels: {}, matchExpressions: [] });

/** Whether `labels` has every pair of `selector`. An empty selector of this form matches everything. */
export function hasLabels(labels: Labels, selector: Labels): boolean {
  for (const key of Object.keys(selector)) if (labelOf(labels, key) !== selector[key]) return false;
  return true;
}

/** Whether a selector selects an object with these labels. @source k8s.io/apimachinery pkg/labels selector.go */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  return hasLabels(labels, selector.matchLabels) && selector.matchExpressions.every((requirement) => meets(labels, requirement));
}

function meets(labels: Labels, { key, operator, values }: LabelRequirement): boolean {
  const value = labelOf(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** Reads a label selector; an absent one reads as the empty one. */
export function readSelector(field: Field): LabelSelector {
  if (!field.present) return EVERYTHING;
  return { matchLabels: readLabels(field.get('matchLabels')), matchExpressions: readRequirements(field.get('matchExpressions')) };
}

/** Reads a list of requirements as label selectors and node affinity write it. */
export function readRequirements(field: Field): LabelRequirement[] {
  return field.items(64).flatMap((item) => {
    const key = item.get('key').required('a label key').text(317);
    const operator = item.get('operator').required('an operator').oneOf(OPERATORS, 'Exists');
    const values = item
      .get('values')
      .items(256)
      .flatMap((value) => value.text(63) ?? []);
    return key === null ? [] : [{ key, operator, values }];
  });
}
