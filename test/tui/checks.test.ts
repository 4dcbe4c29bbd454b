import { describe, expect, it } from 'vitest';
import { Bench, twinOf } from './support.tsx';

const HOLDS = '  - { from: default/web, to: default/client, proto: icmp }\n';
const FAILS = '  - { from: default/client, to: default/web, proto: icmp, expect: dropped }\n';
const UNKNOWN = "  - { from: default/client, to: 'default/web:80' }\n";

function title(checks: string): string {
  const twin = twinOf(`
cluster: { mode: azure }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
tables:
  - on: node/node-0
    iptables: |
      *filter
      -A FORWARD -p tcp --dport 80 -j NFQUEUE
      COMMIT
checks:
${checks}`);
  return /3 checks {2}(.*?) ─/.exec(new Bench(twin, 120, 40).screen())?.[1] ?? '';
}

describe('the count of the checks', () => {
  it.each([
    [UNKNOWN, '? 1 unknown'],
    [HOLDS + UNKNOWN, '? 1 unknown of 2'],
    [FAILS + UNKNOWN, '✘ 1 of 2 fails, 1 unknown'],
    [HOLDS + FAILS, '✘ 1 of 2 fails'],
    [HOLDS, '✔ it holds'],
    [HOLDS + HOLDS, '✔ all 2 hold'],
  ])('takes what is unknown for neither held nor failed: %j', (checks, said) => {
    expect(title(checks)).toBe(said);
  });
});
