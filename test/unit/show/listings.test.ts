import { describe, expect, it } from 'vitest';
import { DEFAULT_KERNEL_PROFILE } from '../../../src/linux/kernel-profile.ts';
import { type OpenScenario, openScenario } from '../../../src/scenario/open.ts';
import { listingsAt } from '../../../src/show/listings.ts';
import { type RowRef, rowsOfStep } from '../../../src/show/step-rows.ts';
import type { Step, Trace } from '../../../src/trace/trace.ts';

function cluster(mode: string, more = ''): OpenScenario {
  return openScenario(`
cluster: { mode: ${mode} }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80, udp/53] }
services:
  - { name: web, type: LoadBalancer, ports: [80] }
${more}`);
}

function rows(opened: OpenScenario, at: string, key: string): string[] {
  const listing = listingsAt(opened.world, opened.session, at).find((one) => one.key === key);
  return (listing?.rows() ?? []).map(({ text }) => text);
}

interface Pointed {
  readonly step: Step;
  readonly ref: RowRef;
  /** The row that it points at; undefined where there is none. */
  readonly text: string | undefined;
}

/** Every row that a step of the trace points at. */
function pointedAt({ world, session }: OpenScenario, trace: Trace): Pointed[] {
  return trace.legs.flatMap((leg) =>
    leg.hops.flatMap(({ at, steps }) => {
      const listings = new Map(listingsAt(world, session, at).map((listing) => [listing.key, listing]));
      return steps.flatMap((step) =>
        rowsOfStep(step, at, world).map((ref) => {
          const row = listings
            .get(ref.listing)
            ?.rows()
            .find(({ id }) => id === ref.row);
          return { step, ref, text: row?.text };
        }),
      );
    }),
  );
}

describe('what a step points at', () => {
  it.each(['kubenet', 'azure', 'overlay'])('is a row of a table that is there: %s', (mode) => {
    const opened = cluster(mode);
    const probes = [
      { from: 'default/client', to: 'svc/default/web:80' },
      { from: 'default/client', to: 'default/web:53', proto: 'udp' },
      { from: 'default/client', to: 'default/web', proto: 'icmp' },
      { from: 'default/client', to: 'internet:443' },
      { from: 'internet', to: 'svc/default/web:80' },
      { from: 'node/node-0', to: 'default/web:81' },
    ] as const;
    const pointed = probes.flatMap((probe) => pointedAt(opened, opened.trace(probe, { record: 'detailed' })));
    const missing = pointed.filter(({ text, ref }) => text === undefined && ref.listing !== 'neigh' && ref.listing !== 'conntrack');
    expect(missing).toEqual([]);
    expect(new Set(pointed.map(({ ref }) => ref.listing.split(':')[0]))).toEqual(
      new Set([
        'route',
        'rule',
        'neigh',
        'iptables',
        'conntrack',
        'effective-routes',
        'nsg',
        ...(mode === 'kubenet' ? ['route-table'] : []),
      ]),
    );
    for (const { step, text, ref } of pointed)
      if (ref.listing.startsWith('iptables')) expect(text).toBe(step.rule?.text ?? policyLine(step));
  });

  it('is the connection and the neighbour as they were left behind', () => {
    const opened = cluster('azure');
    const pointed = pointedAt(opened, opened.trace({ from: 'default/client', to: 'svc/default/web:80' }));
    const texts = (listing: string): (string | undefined)[] => pointed.filter(({ ref }) => ref.listing === listing).map(({ text }) => text);
    expect(texts('conntrack')[0]).toBe(
      'tcp      6 86400 ESTABLISHED src=10.224.0.6 dst=10.0.1.1 sport=40000 dport=80 src=10.224.0.42 dst=10.224.0.6 sport=80 dport=40000 [ASSURED] mark=0 use=1',
    );
    expect(texts('neigh')[0]).toBe('169.254.1.1 dev eth0 lladdr aa:aa:aa:aa:aa:aa REACHABLE');
  });
});

function policyLine({ policy }: Step): string | undefined {
  return policy === undefined ? undefined : `-P ${policy.chain} ${policy.verdict}`;
}

describe('tables of the fabric', () => {
  it('stand as az prints them', () => {
    const opened = cluster('kubenet');
    expect(rows(opened, 'fabric/azure', 'route-table:aks-agentpool-12345678-routetable')).toMatchInlineSnapshot(`
      [
        "AddressPrefix  Name    NextHopType       NextHopIpAddress",
        "-------------  ------  ----------------  ----------------",
        "10.244.0.0/24  node-0  VirtualAppliance  10.224.0.4",
        "10.244.1.0/24  node-1  VirtualAppliance  10.224.0.5",
      ]
    `);
    expect(rows(opened, 'fabric/azure', 'effective-routes:aks-vnet-12345678/aks-subnet')).toMatchInlineSnapshot(`
      [
        "Source   State   Address Prefix  Next Hop Type     Next Hop IP",
        "-------  ------  --------------  ----------------  -----------",
        "Default  Active  10.224.0.0/12   VnetLocal",
        "Default  Active  0.0.0.0/0       Internet",
        "Default  Active  10.0.0.0/8      None",
        "Default  Active  172.16.0.0/12   None",
        "Default  Active  192.168.0.0/16  None",
        "Default  Active  100.64.0.0/10   None",
        "User     Active  10.244.0.0/24   VirtualAppliance  10.224.0.4",
        "User     Active  10.244.1.0/24   VirtualAppliance  10.224.0.5",
      ]
    `);
    expect(rows(opened, 'fabric/azure', 'nsg:aks-agentpool-12345678-nsg')).toMatchInlineSnapshot(`
      [
        "Name                                              Priority  SourcePortRanges  SourceAddressPrefixes  SourceASG  Access  Protocol  Direction  DestinationPortRanges  DestinationAddressPrefixes  DestinationASG",
        "------------------------------------------------  --------  ----------------  ---------------------  ---------  ------  --------  ---------  ---------------------  --------------------------  --------------",
        "a7f22c18d706eebbfb1d737103247372-TCP-80-Internet  500       *                 Internet               None       Allow   Tcp       Inbound    80                     198.51.100.2/32             None",
        "AllowVnetInBound                                  65000     *                 VirtualNetwork         None       Allow   *         Inbound    *                      VirtualNetwork              None",
        "AllowAzureLoadBalancerInBound                     65001     *                 AzureLoadBalancer      None       Allow   *         Inbound    *                      *                           None",
        "DenyAllInBound                                    65500     *                 *                      None       Deny    *         Inbound    *                      *                           None",
        "AllowVnetOutBound                                 65000     *                 VirtualNetwork         None       Allow   *         Outbound   *                      VirtualNetwork              None",
        "AllowInternetOutBound                             65001     *                 *                      None       Allow   *         Outbound   *                      Internet                    None",
        "DenyAllOutBound                                   65500     *                 *                      None       Deny    *         Outbound   *                      *                           None",
      ]
    `);
  });
});

describe('tables of a namespace', () => {
  it('name the other end of a veth, and the namespace that it is in', () => {
    const opened = cluster('kubenet');
    const [pod] = Object.keys(opened.world.machines['node-0']?.netns ?? {}).filter((name) => name !== 'root');
    expect(rows(opened, 'node-0/root', 'link').at(-1)).toContain(
      `@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master cbr0 state UP`,
    );
    expect(rows(opened, 'node-0/root', 'link').at(-1)).toContain(`link-netns ${pod}`);
  });

  it('show who listens', () => {
    const opened = cluster('overlay');
    const at = Object.values(opened.world.cluster?.sandboxes ?? {}).find(({ machine }) => machine === 'node-1');
    expect(rows(opened, `node-1/${at?.netns}`, 'sockets')).toMatchInlineSnapshot(`
      [
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process",
        "udp   UNCONN 0      0            0.0.0.0:53        0.0.0.0:*    users:(("pod"))",
        "tcp   LISTEN 0      0            0.0.0.0:80        0.0.0.0:*    users:(("pod"))",
      ]
    `);
  });

  it('cannot drive a terminal', () => {
    const { world } = openScenario('cluster: { mode: azure }');
    const root = world.machines['node-0']?.netns['root'];
    if (root === undefined) throw new Error('no node');
    const evil = { ...root, links: root.links.map((link) => ({ ...link, name: `\u001b]0;x\u0007${link.name}\n` })), name: 'root' };
    const machines = { m: { name: 'm', kind: 'node', kernel: DEFAULT_KERNEL_PROFILE, release: null, netns: { root: evil } } } as const;
    const texts = listingsAt({ ...world, machines }, null, 'm/root').flatMap((listing) => listing.rows().map(({ text }) => text));
    expect(texts.join('')).not.toMatch(/\p{Cc}/u);
    expect(texts.some((text) => text.includes(String.raw`\u{1b}]0;x\u{7}eth0\u{a}`))).toBe(true);
  });

  it('are none where there is no such place', () => {
    const { world, session } = cluster('azure');
    expect(listingsAt(world, session, 'node-0/nosuch')).toEqual([]);
    expect(listingsAt(world, session, '__proto__/root')).toEqual([]);
    expect(listingsAt(world, session, '')).toEqual([]);
  });
});
