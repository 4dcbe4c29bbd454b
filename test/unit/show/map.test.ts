import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSource } from '../../../src/cli/sources.ts';
import { buildScenario } from '../../../src/scenario/build.ts';
import { openScenario } from '../../../src/scenario/open.ts';
import { probeOf } from '../../../src/scenario/probe.ts';
import { startSession } from '../../../src/scenario/session.ts';
import { type MapOptions, ZOOMS, mapText } from '../../../src/show/map/map-text.ts';
import { textWidth } from '../../../src/show/map/text-width.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { runProbe } from '../../../src/walk/run-probe.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';

interface Walked {
  readonly world: FrozenWorld;
  readonly trace: Trace;
}

function walked(scenario: string, from: string, to: string): Walked {
  const loaded = loadSource(path.join(import.meta.dirname, '../../../scenarios', scenario), undefined);
  const { world } = buildScenario(loaded);
  const probe = probeOf({ from, to, proto: null, send: {} }, world);
  if ('field' in probe) throw new Error(probe.message);
  return { world, trace: runProbe(world, startSession(world, 1), probe, { record: 'summary' }) };
}

function frame({ world, trace }: Walked, options: Partial<MapOptions> = {}): string {
  const lines = mapText(world, trace, { zoom: 'cluster', widthColumns: 76, heightRows: 18, ...options });
  return `\n${lines
    .map((line) =>
      line
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n')
    .trimEnd()}\n`;
}

/** The step of the first hop at a place. */
function stepAt({ trace }: Walked, at: string): number {
  return trace.legs.flatMap(({ hops }) => hops).find((hop) => hop.at === at)?.steps[0]?.seq ?? 0;
}

describe('the map of a walk', () => {
  it('stands around the fabric', () => {
    const walk = walked('azure.yaml', 'default/client', 'svc/default/web:80');
    expect(frame(walk, { seq: stepAt(walk, 'fabric/azure') })).toMatchInlineSnapshot(`
      "
      ┌─ node-0 10.224.0.4 ───────────────┐  ┌─ node-1 10.224.0.33 ──────────────┐
      │ default/client           1 r5✓ a1 │  │ default/web             5✓ r1 a5✓ │
      │ root                      2 r4 a2 │  │ root                      4 r2 a4 │
      └─┬───┬───┬─────────────────────────┘  └─┬───┬───┬─────────────────────────┘
        ┃3  △   │a3                            ▲   │r3 △
        ▼   │r4 ▽                              ┃4  ▽   │a4
      ╔═ ● Azure fabric ═════════════════════════════════════════════════════════╗
      ║ aks-vnet-12345678/aks-subnet 10.224.0.0/16                               ║
      ║ [3] r3 a3  node-0-nic → node-1-nic                                       ║
      ║ [nsg-out-nic] → source-check → route → ca-map → mss → nsg-in-nic →       ║
      ║ destination-check                                                        ║
      ╚══════════════════════════════════════════════════════════════════════════╝





      +1 other machine  1 request  r1 reply  a1 ack  ● here  ✓ delivered
      "
    `);
  });

  it('has hosts outside below the fabric', () => {
    expect(frame(walked('matrix-kubenet.yaml', 'default/client', 'internet:80'))).toMatchInlineSnapshot(`
      "
      ┌─ node-a 10.224.0.4 ──┐  ┌─ node-b 10.224.0.5 ──┐  ┌─ node-c 10.224.0.6 ──┐
      │ default/cl… 1 r4✓ a1 │  │                      │  │                      │
      │ default/neighbour    │  │                      │  │                      │
      │ default/self         │  │ default/on-b         │  │ default/on-c         │
      │ root         2 r3 a2 │  │ root                 │  │ root                 │
      └─┬───┬───┬────────────┘  └─┬────────────────────┘  └─┬────────────────────┘
        ┃3  △   │a3               │                         │
        ▼   │r3 ▽                 │                         │
      ╔═ Azure fabric ═══════════════════════════════════════════════════════════╗
      ║ aks-vnet-12345678/aks-subnet 10.224.0.0/16, aks-vnet-12345678/GatewaySu… ║
      ║ 3 r2 a3                                                                  ║
      ╚══════════════════════════════════════════════════════════════════════════╝
        ┃4  △   │a4
        ▼   │r2 ▽
      ┌─ internet 203.0.113.10 ──────────────────┐
      │ root                           4✓ r1 a4✓ │
      └──────────────────────────────────────────┘
      +3 other machines  1 request  r1 reply  a1 ack  ✓ delivered
      "
    `);
  });

  it('marks where a packet is dropped', () => {
    expect(frame(walked('matrix-kubenet.yaml', 'default/client', '10.99.1.1'), { heightRows: 12 })).toMatchInlineSnapshot(`
      "
      ┌─ node-a 10.224.0.4 ──┐  ┌─ node-b 10.224.0.5 ──┐  ┌─ node-c 10.224.0.6 ──┐
      │ default/client     1 │  │                      │  │                      │
      │ +2 more              │  │ default/on-b         │  │ default/on-c         │
      │ root               2 │  │ root                 │  │ root                 │
      └─┬────────────────────┘  └─┬────────────────────┘  └─┬────────────────────┘
        ┃3                        │                         │
        ▼                         │                         │
      ╔═ Azure fabric ═══════════════════════════════════════════════════════════╗
      ║ aks-vnet-12345678/aks-subnet 10.224.0.0/16, aks-vnet-12345678/GatewaySu… ║
      ║ 3✗                                                                       ║
      ╚══════════════════════════════════════════════════════════════════════════╝
      +4 other machines  1 request  ✗ dropped
      "
    `);
  });

  it('shows pods, bridge and NIC of one machine', () => {
    const walk = walked('matrix-kubenet.yaml', 'default/client', 'internet:80');
    expect(frame(walk, { zoom: 'machine', seq: stepAt(walk, 'node-a/root') })).toMatchInlineSnapshot(`
      "
      node-a  node  10.224.0.4
      ┌─ default/client ───┐           ┌─ ● root ──────────────────┐
      │ eth0 10.244.0.2/24 ├━2►─◁r4─a2▷┤ vethe842936b ─┐      eth0 ├━3►─◁r3─a3▷───
      └───────── 1 r4✓ a1 ─┘           │               ├─ cbr0     │ node-a-nic
        default/neighbour  ────────────┤ veth9bf015bb ─┤           │ 10.224.0.4/16
        default/self       ────────────┤ veth92a03e19 ─┘           │
                                       └─────────────── [2] r3 a2 ─┘










      1 request  r1 reply  a1 ack  ● here  ✓ delivered
      "
    `);
  });

  it('shows the devices of one namespace and the stages that the packet takes', () => {
    const walk = walked('matrix-kubenet.yaml', 'default/client', 'internet:80');
    expect(frame(walk, { zoom: 'netns', seq: stepAt(walk, 'node-a/root') })).toMatchInlineSnapshot(`
      "
      ┌─ root  node-a/root ──────────────────────────────────────────────────────┐
      │●eth0            10.224.0.4/16      mtu 1500  → node-a-nic      [2] r3 a2 │
      │●cbr0            10.244.0.1/24      mtu 1500  bridge            [2] r3 a2 │
      │●├─ vethe842936b                    mtu 1500  → default/clien…  [2] r3 a2 │
      │ ├─ veth9bf015bb                    mtu 1500  → default/neighbour eth0    │
      │ └─ veth92a03e19                    mtu 1500  → default/self eth0         │
      └──────────────────────────────────────────────────────────────────────────┘
      request 2  vethe842936b → cbr0 → eth0
      [conntrack:PREROUTING] → mangle:PREROUTING → nat:PREROUTING → route-input →
      forward → mangle:FORWARD → filter:FORWARD → mangle:POSTROUTING →
      nat:POSTROUTING → neighbour
      "
    `);
  });

  it('has a form in ASCII', () => {
    const walk = walked('matrix-kubenet.yaml', 'default/client', 'svc/default/on-c:80@node/node-b');
    const text = frame(walk, { seq: stepAt(walk, 'node-b/root'), ascii: true });
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text).toMatchInlineSnapshot(`
      "
      +- node-a 10.224.0.4 --+  +- node-b 10.224.0.5 --+  +- node-c 10.224.0.6 --+
      | default/cl~ 1 r7o a1 |  |                      |  |                      |
      | default/neighbour    |  |                      |  |                      |
      | default/self         |  | default/on-b         |  | default/o~ 7o r1 a7o |
      | root         2 r6 a2 |  |*root   [4] d1X r4 a4 |  | root         6 r2 a6 |
      +-+---+---+------------+  +-+---+---+---+---+----+  +-+---+---+------------+
        |3  ^   |a3               ^   |5  ^   |r5 ^   ~     ^   |r3 ^
        v   |r6 v                 |4  v   |r4 v   |a4       |6  v   |a6
      += Azure fabric ===========================================================+
      | aks-vnet-12345678/aks-subnet 10.224.0.0/16, aks-vnet-12345678/GatewaySu~ |
      | 3 5 r3 r5 a3 a5                                                          |
      +==========================================================================+





      +4 other machines  1 request  d1 redirect  r1 reply  a1 ack  * here  X drop~
      "
    `);
  });

  it('says of the current step, of what is ahead and of a drop what they are', () => {
    const walk = walked('azure.yaml', 'default/client', 'default/web:81');
    const spans = mapText(walk.world, walk.trace, { zoom: 'cluster', widthColumns: 76, heightRows: 18, seq: 1 }).flat();
    const styled = (style: string): string[] => spans.filter((span) => span.style === style).map(({ text }) => text.trim());
    expect(styled('current')).toContain('[1]');
    expect(styled('ahead')).toContain('5✗');
    const after = mapText(walk.world, walk.trace, { zoom: 'cluster', widthColumns: 76, heightRows: 18, seq: null }).flat();
    expect(after.filter(({ style }) => style === 'dropped').map(({ text }) => text)).toContain('5✗');
  });

  it('is there without a walk, and without a fabric', () => {
    const { world } = openScenario('cluster: { mode: azure, nodes: 4 }');
    expect(
      mapText(world, null, { zoom: 'cluster', widthColumns: 76, heightRows: 18 })
        .flat()
        .map(({ text }) => text)
        .join(''),
    ).toContain('+1 node');
    const bare = { machines: {}, fabric: null, cluster: null };
    for (const zoom of ZOOMS) expect(mapText(bare, null, { zoom, widthColumns: 10, heightRows: 3 })).toHaveLength(3);
  });
});

describe('whatever is asked for', () => {
  let walks: readonly Walked[];
  beforeAll(() => {
    walks = [
      walked('azure.yaml', 'default/client', 'svc/default/web:80'),
      walked('matrix-kubenet.yaml', 'default/client', 'svc/default/on-c:80@node/node-b'),
      walked('matrix-overlay.yaml', 'default/client', 'internet:80'),
    ];
  });

  test.prop([
    fc.nat(2),
    fc.record({
      zoom: fc.constantFrom(...ZOOMS),
      focus: fc.oneof(
        fc.constant(null),
        fc.constantFrom('node-a', 'node-b/root', 'fabric/azure', '__proto__', 'no/such', '/', ''),
        fc.string(),
      ),
      seq: fc.oneof(fc.constant(null), fc.integer({ min: -1, max: 200 })),
      widthColumns: fc.integer({ min: 0, max: 210 }),
      heightRows: fc.integer({ min: 0, max: 64 }),
      ascii: fc.boolean(),
    }),
  ])('the map has the size that was asked for and no control characters', (index, options) => {
    const { world, trace } = walks[index] ?? walked('azure.yaml', 'default/client', 'default/web:80');
    const lines = mapText(world, trace, options);
    expect(lines).toHaveLength(options.heightRows);
    for (const line of lines) {
      const text = line.map((span) => span.text).join('');
      expect(textWidth(text)).toBe(options.widthColumns);
      expect(text).not.toMatch(/\p{Cc}/u);
    }
  });

  test.prop([fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 2, maxLength: 4 }), fc.constantFrom(...ZOOMS)])(
    'names from a dump cannot drive the terminal or break the frame',
    (names, zoom) => {
      const { world } = walks[0] ?? walked('azure.yaml', 'default/client', 'default/web:80');
      const [machine] = Object.values(world.machines);
      if (machine === undefined) throw new Error('no machine');
      const machines = Object.fromEntries(
        names.map((name) => {
          const netns = Object.fromEntries(
            Object.entries(machine.netns).map(([key, tables]) => [
              key,
              { ...tables, links: tables.links.map((link) => ({ ...link, name: `${name}${link.name}` })) },
            ]),
          );
          return [name, { ...machine, name, netns }];
        }),
      );
      const lines = mapText({ ...world, machines }, null, { zoom, widthColumns: 76, heightRows: 18 });
      for (const line of lines) {
        const text = line.map((span) => span.text).join('');
        expect(text).not.toMatch(/[\p{Cc}\p{Cs}\u200b-\u200f\u202a-\u202e]/u);
        expect(textWidth(text)).toBe(76);
      }
    },
  );
});
