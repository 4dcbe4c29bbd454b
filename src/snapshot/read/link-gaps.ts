import type { Field } from '../../kube/objects/field.ts';
import type { Link } from '../../linux/link.ts';
import type { Unmodelled } from '../../linux/netns.ts';
import { unmodelledOptions } from './bridge-port.ts';
import type { LinkRow } from './link.ts';

/**
 * What packets meet on the links of a namespace and is not modelled: masters other than bridges, options of bridge ports, BPF programs.
 * @param ports the rows of brlink.json
 */
export function linkGaps(rows: readonly LinkRow[], ports: readonly Field[] | null): Unmodelled[] {
  const links = new Map(rows.map(({ link }) => [link.name, link]));
  const gaps: Unmodelled[] = [];
  const add = (reason: Unmodelled['reason'], dev: string, text: string): void => void gaps.push({ reason, text, dev, part: null });
  const options = new Map<string, readonly string[]>();
  for (const row of ports ?? []) {
    const { value } = row.get('ifname');
    if (typeof value === 'string' && row.get('master').present) options.set(value, unmodelledOptions(row));
  }
  for (const { link, field, portData } of rows) {
    const { name } = link;
    const master = link.master === null ? undefined : links.get(link.master);
    if (master !== undefined && master.kind.type !== 'bridge') {
      if (!isVirtualFunction(link, master, field))
        add('LINK_TYPE', name, `${name} is a port of ${master.name}, which is no bridge (${kindText(master)}): not modelled`);
    } else if (master !== undefined) {
      const set = new Set([...(options.get(name) ?? []), ...(portData === null ? [] : unmodelledOptions(portData))]);
      if (set.size > 0) add('NOT_MODELLED', name, `${name} is a bridge port with ${[...set].join(', ')}, which is not modelled`);
    }
    if (field.get('xdp').present) add('BPF', name, `a BPF program at xdp of ${name} is not modelled`);
  }
  return gaps;
}

/**
 * The virtual function of a network card with accelerated networking, which has the card's Ethernet address: what it receives is the card's.
 * @source drivers/net/hyperv/netvsc_drv.c netvsc_vf_handle_frame
 */
function isVirtualFunction(link: Link, master: Link, row: Field): boolean {
  const isCard = link.kind.type === 'end' && master.kind.type === 'end';
  return isCard && link.mac === master.mac && !row.get('linkinfo').get('info_slave_kind').present;
}

function kindText({ kind }: Link): string {
  switch (kind.type) {
    case 'unknown':
      return kind.driver;
    case 'end':
      return 'link.json names no kind';
    default:
      return kind.type;
  }
}
