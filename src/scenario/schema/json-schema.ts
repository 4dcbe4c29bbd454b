import * as z from 'zod';
import { scenarioSchema } from './scenario.ts';

/** The JSON Schema (draft 2020-12) of a scenario file, for editors. */
export function scenarioJsonSchema(): object {
  return { title: 'podwalk scenario', ...z.toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'any' }) };
}
