import type { Trace } from '../../../src/trace/trace.ts';

/** A request to a service that is translated and dropped on its way, with everything that a report can show. */
export function droppedTrace(): Trace {
  return {
    trace: 1,
    probe: { from: 'pod/default/web', proto: 'tcp', src: '10.244.1.7', sport: 40000, dst: '10.0.125.25', dport: 80, ttl: 64 },
    outcome: 'dropped',
    reason: 'NETFILTER_DROP',
    text: 'dropped at node0/root: DROP by rule 3 of chain AZURE-NPM-INGRESS in table filter',
    errno: null,
    delivered: null,
    reply: null,
    icmpErrors: [],
    legs: [
      {
        kind: 'request',
        hops: [
          {
            at: 'node0/root',
            in: 'azv1',
            out: 'eth0',
            through: ['cbr0'],
            rx: { src: '10.244.1.7', dst: '10.0.125.25', proto: 'tcp', sport: 40000, dport: 80, ttl: 64, mark: 0 },
            steps: [
              {
                seq: 1,
                stage: 'nat:PREROUTING',
                verb: 'MATCHED',
                text: 'rule 1 of PREROUTING leads to KUBE-SERVICES',
                rule: { table: 'nat', chain: 'PREROUTING', index: 1, text: '-A PREROUTING -j KUBE-SERVICES', origin: 'kube-proxy' },
              },
              {
                seq: 2,
                stage: 'nat:PREROUTING',
                verb: 'MARKED',
                text: 'mark 0x0 becomes 0x4000',
                before: { mark: 0 },
                after: { mark: 0x4000 },
                rule: { table: 'nat', chain: 'KUBE-MARK-MASQ', index: 1, text: '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000' },
              },
              {
                seq: 3,
                stage: 'nat:PREROUTING',
                verb: 'REWRITTEN',
                text: 'DNAT',
                before: { dst: '10.0.125.25', dport: 80 },
                after: { dst: '10.224.0.87', dport: 8080 },
                rule: {
                  table: 'nat',
                  chain: 'KUBE-SEP-X',
                  index: 2,
                  text: '-A KUBE-SEP-X -p tcp -j DNAT --to-destination 10.224.0.87:8080',
                  origin: 'svc default/web',
                },
                considered: [
                  {
                    what: 'rule',
                    why: 'src 10.244.1.7 is not in 10.224.0.87/32',
                    rule: { table: 'nat', chain: 'KUBE-SEP-X', index: 1, text: '-A KUBE-SEP-X -s 10.224.0.87/32 -j KUBE-MARK-MASQ' },
                  },
                ],
              },
              {
                seq: 4,
                stage: 'route-input',
                verb: 'ROUTED',
                text: '10.224.0.87 dev eth0',
                route: { table: 'main', dst: '10.224.0.0/16', type: 'unicast', dev: 'eth0' },
              },
              {
                seq: 5,
                stage: 'mangle:FORWARD',
                verb: 'MATCHED',
                text: 'the policy of FORWARD accepts the packet',
                policy: { table: 'mangle', chain: 'FORWARD', verdict: 'ACCEPT' },
              },
              {
                seq: 6,
                stage: 'filter:FORWARD',
                verb: 'DROPPED',
                text: 'dropped',
                reason: 'NETFILTER_DROP',
                rule: { table: 'filter', chain: 'AZURE-NPM-INGRESS', index: 3, text: '-A AZURE-NPM-INGRESS -m mark --mark 0x4000 -j DROP' },
              },
            ],
          },
        ],
      },
    ],
    conntrack: {},
  };
}

/** A trace that answers, with one leg more. */
export function repliedTrace(): Trace {
  return {
    trace: 1,
    probe: { from: 'internet', proto: 'icmp', src: '203.0.113.10', sport: 1234, dst: '10.224.0.4', ttl: 64 },
    outcome: 'replied',
    reason: null,
    text: 'answered by 10.224.0.4',
    errno: null,
    delivered: { at: 'node0/root', proto: 'icmp', src: '203.0.113.10', dst: '10.224.0.4', ttl: 63 },
    reply: { from: '10.224.0.4' },
    icmpErrors: [],
    legs: [
      { kind: 'request', hops: [{ at: 'node0/root', in: 'eth0', steps: [{ seq: 1, stage: 'local', verb: 'DELIVERED', text: 'echo' }] }] },
      {
        kind: 'reply',
        hops: [{ at: 'node0/root', out: 'eth0', steps: [{ seq: 2, stage: 'icmp', verb: 'ANSWERED', text: 'echo reply' }] }],
      },
    ],
    conntrack: {},
    branch: { index: 1, of: 3, odds: 1 / 3, choices: [{ at: 'node0/root', what: 'statistic', picked: 1, of: 3 }] },
  };
}
