import { describe, expect, it } from 'vitest';
import { openScenario } from '../../../src/index.ts';

const twin = openScenario(`
cluster: { mode: kubenet }
pods:
  - { name: client, node: 0, listens: [tcp/40000, tcp/40001] }
  - { name: web, node: 1, listens: [tcp/80] }
`);
const asked = { from: 'default/client', to: 'default/web:80' } as const;

describe('a source port on which the sender itself listens', () => {
  it('is passed over where nobody asked for it', () => {
    const { outcome, probe } = twin.trace(asked);
    expect([outcome, probe.sport]).toEqual(['replied', 40_002]);
  });

  it('is in use for whoever asks for it', () => {
    const { outcome, errno, text } = twin.trace({ ...asked, send: { sport: 40_000 } });
    expect([outcome, errno]).toEqual(['send-error', 'EADDRINUSE']);
    expect(text).toContain('somebody listens on tcp/40000');
  });
});
