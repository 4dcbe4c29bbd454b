import { describe, expect, it } from 'vitest';
import { factsOf } from '../../../../src/snapshot/kernel/facts.ts';
import { Lab } from '../../linux/lab.ts';

/** Two nodes with a tunnel between them. */
function tunnel(): Lab {
  const lab = new Lab().veth('n1/eth0', 'n2/eth0').addr('n1/eth0', '192.168.0.1/24').addr('n2/eth0', '192.168.0.2/24');
  lab.vxlan('n1/vx', '192.168.0.1').vxlan('n2/vx', '192.168.0.2');
  return lab.addr('n1/vx', '10.1.0.1/24').addr('n2/vx', '10.1.0.2/24').vtep('n1/vx', '00:00:00:00:00:00', '192.168.0.2');
}

function met(lab: Lab): string[] {
  const { trace } = lab.send('n1', 'icmp 10.1.0.2');
  expect(trace.outcome).toBe('replied');
  return [...factsOf(trace, { machines: { m: lab.host }, fabric: null, cluster: null })]
    .filter((fact) => /^VTEP|conntrack/.test(fact))
    .toSorted();
}

describe('what a walk through a tunnel is evidence of', () => {
  it('is who named the far end: the entry of all stations, or traffic', () => {
    expect(met(tunnel())).toEqual(['VTEP default', 'VTEP learned', 'no conntrack']);
  });

  it('or an entry for the station', () => {
    const lab = tunnel().vtep('n2/vx', '00:00:00:00:00:00', '192.168.0.1');
    const far = lab.netns('n2').links.find(({ name }) => name === 'vx')?.mac ?? '';
    const near = lab.netns('n1').links.find(({ name }) => name === 'vx')?.mac ?? '';
    lab.vtep('n1/vx', far, '192.168.0.2').vtep('n2/vx', near, '192.168.0.1');
    expect(met(lab)).toContain('VTEP static');
    expect(met(lab)).not.toContain('VTEP learned');
  });

  it('and is none of conntrack being off where a rule has it on', () => {
    expect(met(tunnel().iptables('n1', '-A OUTPUT -m conntrack --ctstate INVALID -j DROP'))).not.toContain('no conntrack');
  });
});
