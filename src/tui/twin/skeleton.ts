import * as z from 'zod';
import type { Operation } from '../../scenario/operation/operation.ts';
import type { Request } from './request.ts';

/** What the arguments of an operation begin with: every field that it needs, filled in where that can be guessed. */
export function skeleton({ schema }: Operation, on: string | null, request: Request): string {
  const { properties, required } = fieldsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const names = required.length > 0 ? required : properties.slice(0, 1);
  return names.map((name) => `${name}: ${guess(name, on, request)}`).join(', ');
}

/** The fields of an object, or of the first alternative that is one. */
function fieldsOf(schema: unknown): { properties: string[]; required: string[] } {
  if (typeof schema !== 'object' || schema === null) return { properties: [], required: [] };
  if ('properties' in schema && typeof schema.properties === 'object' && schema.properties !== null) {
    const required = 'required' in schema && Array.isArray(schema.required) ? schema.required.map(String) : [];
    return { properties: Object.keys(schema.properties), required };
  }
  const { anyOf } = { anyOf: [], ...schema };
  return Array.isArray(anyOf) && anyOf.length > 0 ? fieldsOf(anyOf[0]) : { properties: [], required: [] };
}

function guess(name: string, on: string | null, { from, to }: Request): string {
  switch (name) {
    case 'on':
      return on ?? 'node/';
    case 'pod':
      return to.includes('/') && !to.startsWith('svc/') ? to : from;
    case 'service':
      return to.startsWith('svc/') ? to.slice('svc/'.length).replace(/@.*$/, '') : 'default/';
    case 'node':
      return on?.startsWith('node/') === true ? on.slice('node/'.length) : '';
    case 'from':
      return from;
    case 'to':
      return to;
    default:
      return '';
  }
}
