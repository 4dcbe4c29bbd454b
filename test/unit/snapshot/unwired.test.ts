import { describe, expect, it } from 'vitest';
import { change, dumpsOf, open, walk } from './exported.ts';

const CLUSTER = 'cluster: { mode: overlay }\npods: [{ name: client, node: 0 }]\n';

describe('an end of a veth pair whose other end was not collected', () => {
  it('leads out of the model, whether or not a neighbour is known behind it', () => {
    const alone = change(dumpsOf(CLUSTER), 'snapshot.json', (manifest) => ({ ...(manifest as object), wires: [] }));
    const pod = [...alone.keys()].find((name) => name.includes('/cni-') && name.endsWith('/neigh.json')) ?? '';
    const forgotten = change(alone, pod, () => []);
    for (const files of [alone, forgotten]) {
      const { outcome, text } = walk(open(files), 'pod/default/client', '198.51.100.1:443');
      expect(text).toContain('eth0');
      expect(outcome).toBe('exits');
    }
  });
});
