import { expect, test } from 'vitest';
import { scenarioJsonSchema } from '../../../src/scenario/schema/json-schema.ts';
import { run } from './input.ts';

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries<unknown>({ ...value }) : [];
}

/** The paths of properties of a JSON Schema that say nothing of themselves. */
function* silent(schema: unknown, path = ''): Generator<string> {
  for (const [key, below] of entriesOf(schema)) {
    if (key !== 'properties') yield* silent(below, path);
    else
      for (const [name, property] of entriesOf(below)) {
        if (!entriesOf(property).some(([field]) => field === 'description')) yield `${path}.${name}`;
        yield* silent(property, `${path}.${name}`);
      }
  }
}

test('an editor is told of every field what it is', () => {
  expect([...silent(scenarioJsonSchema())]).toEqual([]);
});

test('what no document says about Azure can be switched', () => {
  const text = (azure: string, ttl: number): string => `cluster: { mode: azure }
pods: [{ name: client, node: 0 }]
outside: { vms: [{ name: jump, listens: [tcp/22] }] }
${azure}
checks: [{ from: default/client, to: 'vm/jump:22', ttl: ${ttl} }]
`;
  expect(run(text('', 63)).checks.map(({ verdict }) => verdict)).toEqual(['pass']);
  expect(run(text('azure: { assumptions: { ttlDecrement: 1 } }', 62)).checks.map(({ verdict }) => verdict)).toEqual(['pass']);
});
