import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as azureCns from '../../../src/cni/azure-cns/azure-cns.ts';
import * as azureVnetIpam from '../../../src/cni/azure-vnet-ipam/azure-vnet-ipam.ts';
import * as hostLocal from '../../../src/cni/host-local/host-local.ts';
import type { CniAddress, CniArgs, CniEnv, CniOutcome, HostNic } from '../../../src/cni/plugin.ts';
import { newCniState } from '../../../src/cni/state.ts';
import { DEFAULT_KERNEL_PROFILE } from '../../../src/linux/kernel-profile.ts';
import { seeded } from '../../../src/sim/random.ts';
import { type Ipv4, formatIpv4, ip, offsetIpv4 } from '../../../src/wire/ipv4.ts';
import { mac } from '../../../src/wire/mac.ts';
import { prefix } from '../../../src/wire/prefix.ts';

function env(nic: HostNic | null = null): CniEnv {
  return {
    host: { name: 'n', kind: 'node', kernel: DEFAULT_KERNEL_PROFILE, release: null, netns: {} },
    state: newCniState(),
    nic,
    random: seeded(1),
  };
}

function args(id: number, addr: Ipv4 | null = null): CniArgs {
  return { netns: `cni-${id}`, ifName: 'eth0', pod: { namespace: 'default', name: `p${id}` }, addr, portMappings: [] };
}

function text(outcome: CniOutcome<CniAddress>): string {
  return outcome.ok ? `${formatIpv4(outcome.value.addr)}/${outcome.value.len}` : outcome.error;
}

function nicWith(secondaries: number): HostNic {
  const first = ip('10.224.0.4');
  const ipconfigs = Array.from({ length: secondaries + 1 }, (_, i) => ({ addr: offsetIpv4(first, i), primary: i === 0 }));
  return { mac: mac('60:45:bd:aa:55:f4'), subnet: prefix('10.224.0.0/16'), ipconfigs };
}

function overlayEnv(): CniEnv {
  const one = env();
  one.state.azureCns = {
    nc: {
      id: 'nc-1',
      type: 'overlay',
      assignmentMode: 'static',
      primaryIp: ip('192.168.1.0'),
      pool: [prefix('192.168.1.0/24')],
      subnetAddressSpace: prefix('192.168.0.0/16'),
      defaultGateway: null,
      status: '',
    },
    assigned: [],
  };
  return one;
}

const HOST_LOCAL = { type: 'host-local', range: prefix('10.244.3.0/29') } as const;

describe('host-local', () => {
  it('gives addresses in turn from .2 and does not give a released one again before the range is through', () => {
    const one = env();
    expect([1, 2, 3].map((id) => text(hostLocal.add(one, HOST_LOCAL, args(id))))).toEqual([
      '10.244.3.2/29',
      '10.244.3.3/29',
      '10.244.3.4/29',
    ]);
    hostLocal.del(one, args(1));
    expect([4, 5, 6].map((id) => text(hostLocal.add(one, HOST_LOCAL, args(id))))).toEqual([
      '10.244.3.5/29',
      '10.244.3.6/29',
      '10.244.3.2/29',
    ]);
    expect(text(hostLocal.add(one, HOST_LOCAL, args(7)))).toBe('no IP addresses available in range set: 10.244.3.1-10.244.3.6');
  });

  it('refuses the gateway, an address outside of the range, and one in use', () => {
    const one = env();
    hostLocal.add(one, HOST_LOCAL, args(1));
    expect(text(hostLocal.add(one, HOST_LOCAL, args(2, ip('10.244.3.1'))))).toContain("is subnet's gateway");
    expect(text(hostLocal.add(one, HOST_LOCAL, args(2, ip('10.244.3.7'))))).toContain('is not in range set');
    expect(text(hostLocal.add(one, HOST_LOCAL, args(2, ip('10.244.3.2'))))).toContain('is not available');
    expect(text(hostLocal.add(one, HOST_LOCAL, args(1)))).toContain('duplicate allocation is not allowed');
  });
});

describe('azure-vnet-ipam', () => {
  it('gives only secondary addresses of the NIC, each once, and then says that there are none', () => {
    const one = env(nicWith(28));
    const given = Array.from({ length: 28 }, (_, id) => text(azureVnetIpam.add(one, args(id))));
    expect(new Set(given).size).toBe(28);
    expect(given).not.toContain('10.224.0.4/16');
    expect(text(azureVnetIpam.add(one, args(99)))).toBe(
      'Failed to allocate pool: Failed to delegate: Failed to allocate address: No available addresses',
    );
  });

  it('gives a container the address that it has already', () => {
    const one = env(nicWith(28));
    expect(text(azureVnetIpam.add(one, args(1)))).toBe(text(azureVnetIpam.add(one, args(1))));
  });
});

describe('azure-cns in an overlay cluster', () => {
  it('gives all 256 addresses of the node, the first and the last too, and then asks for more', () => {
    const one = overlayEnv();
    const given = new Set(Array.from({ length: 256 }, (_, id) => text(azureCns.add(one, args(id)))));
    expect(given.size).toBe(256);
    expect(given).toContain('192.168.1.0/16');
    expect(given).toContain('192.168.1.255/16');
    expect(text(azureCns.add(one, args(999)))).toMatch(
      /^Failed to get IP address from CNS: AllocateIPConfig failed: not enough IPs available for nc-1, waiting on Azure CNS to allocate more with NC Status: , IP config request is \[IPConfigRequest: /,
    );
  });

  it('has nothing to give before it knows its network container', () => {
    const one = env();
    one.state.azureCns = { nc: null, assigned: [] };
    expect(text(azureCns.add(one, args(1)))).toContain('no NCs found in the CNS internal state');
  });
});

describe('every IPAM plug-in', () => {
  const plugins = [
    [
      'host-local',
      () => env(),
      (e: CniEnv, a: CniArgs) => hostLocal.add(e, { type: 'host-local', range: prefix('10.244.0.0/24') }, a),
      hostLocal.del,
    ],
    ['azure-vnet-ipam', () => env(nicWith(28)), azureVnetIpam.add, azureVnetIpam.del],
    ['azure-cns', overlayEnv, azureCns.add, azureCns.del],
  ] as const;

  it.each(plugins)('%s never gives one address to two containers that live at the same time', (_, make, add, del) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), { maxLength: 60 }), (steps) => {
        const one = make();
        const held = new Map<number, Ipv4>();
        for (const [adds, id] of steps) {
          if (!adds) {
            del(one, args(id));
            held.delete(id);
          } else if (!held.has(id)) {
            const outcome = add(one, args(id));
            expect(outcome.ok).toBe(true);
            if (outcome.ok) held.set(id, outcome.value.addr);
          }
          expect(new Set(held.values()).size).toBe(held.size);
        }
      }),
      { numRuns: 50 },
    );
  });

  it.each(plugins)('%s has nothing left after every container is gone', (_, make, add, del) => {
    const one = make();
    for (let id = 0; id < 10; id++) add(one, args(id));
    for (let id = 0; id < 10; id++) del(one, args(id));
    const { azureVnetIpam: vnet, azureCns: cns, hostLocal: local } = one.state;
    expect([...(vnet?.leases ?? []), ...(cns?.assigned ?? []), ...(local?.leases ?? [])]).toEqual([]);
  });
});
