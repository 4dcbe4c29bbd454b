import { requestOfCheck } from './checks.ts';
import type { Request } from './request.ts';
import type { Twin } from './twin.ts';

/** The packet that is looked at first: that of the scenario's first check; else from the first sender to the first service, or to another. */
export function firstRequest(twin: Twin): Request {
  const { base, steps } = twin.promises;
  const check = base[0] ?? steps.flatMap(({ checks }) => checks)[0];
  if (check !== undefined) return requestOfCheck(check);
  const places = twin.places([]);
  const from = places.find(({ sends }) => sends);
  const to = places.find(({ kind }) => kind === 'service') ?? places.find((place) => place !== from);
  return { from: from?.name ?? '', to: to?.name ?? '', port: to?.port ?? null, proto: to?.proto ?? null };
}
