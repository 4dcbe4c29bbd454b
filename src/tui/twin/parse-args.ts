import { parseYaml } from '../../scenario/source/yaml.ts';
import type { Json } from './edit.ts';

/** Reads the arguments of an operation as somebody typed them, in YAML's flow style without the braces. @returns the message where it can not */
export function parseArgs(text: string): { readonly args: Json } | { readonly problem: string } {
  const { documents, problems } = parseYaml({ file: '', text: `{ ${text} }` });
  const [problem] = problems;
  const value = documents[0]?.value;
  if (problem !== undefined || !isJson(value))
    return { problem: `${problem?.message ?? 'nothing to read'}; expected name: value, name: value` };
  return { args: value };
}

/** YAML documents hold nothing else; their depth is limited. */
function isJson(value: unknown): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return true;
  return typeof value === 'object' && Object.values(value).every(isJson);
}
