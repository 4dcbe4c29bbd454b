import { describe, expect, test } from 'vitest';
import { problemsOf, run } from './input.ts';

/** The verdicts of the last step's checks. */
function verdicts(text: string): string[] {
  return run(text).checks.map(
    ({ name, verdict, mismatches }) => `${name}: ${verdict}${mismatches.map(({ happened }) => ` ${happened}`).join('')}`,
  );
}

function stepProblems(step: string, cluster = 'cluster: { mode: kubenet, nodes: 2 }'): string[] {
  try {
    run(`${cluster}\npods: [{ name: web, node: 0, listens: [80] }]\nsteps:\n  - ${step}\n`);
    return [];
  } catch (error) {
    if (error instanceof Error && 'problems' in error) return [error.message];
    throw error;
  }
}

describe('a step that edits the cluster', () => {
  test('adds and deletes a node', () => {
    expect(
      verdicts(`
cluster: { mode: kubenet, nodes: 1 }
pods: [{ name: web, listens: [80] }]
steps:
  - add-node: { name: node-9, addr: 10.224.0.77 }
    checks: [{ from: node/node-9, to: 'default/web:80', seenSource: 10.224.0.77 }]
  - delete-node: { node: node-9 }
    checks: [{ from: node/node-0, to: 'default/web:80' }]
`),
    ).toEqual(['node/node-9 -> default/web:80: pass', 'node/node-0 -> default/web:80: pass']);
  });

  test.each([
    ['a node that is there', 'add-node: { name: node-0 }', 'there is a machine node-0'],
    ['an address that is taken', 'add-node: { name: node-9, addr: 10.224.0.4 }', 'is used twice'],
    ['an address of elsewhere', 'add-node: { name: node-9, addr: 192.0.2.1 }', 'is outside of the subnet'],
    ['a node that is not there', 'delete-node: { node: node-7 }', 'there is no node node-7'],
    [
      'the far end of nothing',
      'set-mac: { on: pod/default/web, dev: lo/peer, mac: "02:00:00:00:00:01" }',
      'nothing is at the other end of lo',
    ],
    ['hairpin of what is no port', 'set-hairpin: { on: node/node-0, dev: eth0, state: true }', 'not supported'],
    ['a bridge chain that is not there', 'flush-bridge-chain: { on: node/node-1, chain: NONE }', 'has no chain NONE'],
  ])('names %s', (_, step, message) => {
    expect(stepProblems(step).join()).toContain(message);
  });

  test('names what it can not read', () => {
    expect(problemsOf('cluster: { mode: kubenet }\nsteps: [{ set-masq-config: { nonMasqueradeCidrs: [ten] } }]\n').join()).toContain(
      'an IPv4 range',
    );
  });
});

describe('the limit of the connection table', () => {
  const full = (proto: string): string => `
cluster: { mode: overlay, nodes: 2 }
pods: [{ name: a, node: 0 }, { name: b, node: 1, listens: [80, udp/53] }]
steps:
  - set-sysctl: { on: node/node-0, name: net.netfilter.nf_conntrack_max, value: 10 }
  - open-flows: { from: default/a, to: 'default/b:${proto === 'udp' ? 53 : 80}', proto: ${proto}, count: 10, firstSport: 5000 }
    checks: [{ from: default/a, to: 'default/b:${proto === 'udp' ? 53 : 80}', proto: ${proto} }]
`;

  test('drops a new connection when all others are assured', () => {
    expect(verdicts(full('tcp')).join()).toContain('the connection table of node-0/root is full (nf_conntrack_max = 10)');
  });

  test('is UNKNOWN when the kernel may evict one', () => {
    expect(run(full('udp')).checks.map(({ verdict, traces }) => [verdict, traces[0]?.reason])).toEqual([['unknown', 'CONNTRACK_EVICTION']]);
  });
});
