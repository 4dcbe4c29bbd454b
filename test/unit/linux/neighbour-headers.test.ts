import { expect, it } from 'vitest';
import { createNetnsSession, forgetNeighbour, neighbourKey, overrideNeighbour } from '../../../src/linux/netns-session.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { mac } from '../../../src/wire/mac.ts';

const POD = ip('10.244.0.5');
const learned = {
  ip: POD,
  mac: mac('02:00:00:00:00:05'),
  state: 'reachable',
  sinceMs: 0,
  updatedMs: 0,
  probes: 0,
  queue: [],
  used: true,
} as const;

it('keeps the cached header of a neighbour that is replaced, and loses it with the entry', () => {
  const session = createNetnsSession('node/root');
  session.neighbours.set('cbr0', new Map([[POD, { ...learned, queue: [] }]]));
  overrideNeighbour(session, 'cbr0', POD);
  expect(session.neighbours.get('cbr0')?.size).toBe(0);
  expect(session.usedNeighbours).toContain(neighbourKey('cbr0', POD));
  expect(forgetNeighbour(session, 'cbr0', POD)).toBe(false);
  expect(session.usedNeighbours.size).toBe(0);
});
