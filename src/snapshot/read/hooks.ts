import type { Field } from '../../kube/objects/field.ts';
import type { Unmodelled } from '../../linux/netns.ts';
import { isDeviceName } from './scalar.ts';
import { type Line, MAX_ROWS } from './source.ts';

/** Traffic-control filters that packets would meet: any row of `tc -j filter show` is one. @source iproute2 tc/tc_filter.c */
export function readTcFilters(lists: readonly Field[]): Unmodelled[] {
  const found = new Map<string, Unmodelled>();
  for (const row of lists) {
    const kind = row.get('kind').text(32);
    if (kind === null) continue;
    const dev = deviceIn(row.get('dev').value);
    const where = dev === null ? '' : ` on ${dev}`;
    found.set(`${kind}${where}`, { reason: 'TC_FILTER', text: `a tc filter of kind ${kind}${where} is not modelled`, dev, part: null });
  }
  return [...found.values()];
}

/** BPF programs that packets would meet. @source bpftool src/net.c do_show */
export function readBpf(document: Field): Unmodelled[] {
  const found = new Map<string, Unmodelled>();
  for (const block of document.items(16)) {
    for (const where of ['xdp', 'tc', 'flow_dissector', 'netfilter', 'tcx', 'netkit']) {
      for (const program of block.get(where).items(MAX_ROWS)) {
        const dev = deviceIn(program.get('devname').value);
        const at = dev === null ? where : `${where} of ${dev}`;
        found.set(at, { reason: 'BPF', text: `a BPF program at ${at} is not modelled`, dev, part: null });
      }
    }
  }
  return [...found.values()];
}

/** `ipvsadm -Sn`: any service is one that IPVS would take packets for. */
export function readIpvs(lines: readonly Line[]): Unmodelled[] {
  const services = lines.filter((line) => /^-A\b/.test(line.text.trim())).length;
  return services === 0 ? [] : [{ reason: 'IPVS', text: `${services} IPVS services are not modelled`, dev: null, part: null }];
}

/** `ip xfrm policy`: policies of sockets belong to key daemons and govern no other packet. */
export function readXfrm(lines: readonly Line[]): Unmodelled[] {
  const policies = lines.filter((line) => /^\s*dir\b/.test(line.text)).length;
  return policies === 0 ? [] : [{ reason: 'XFRM', text: `${policies} IPsec policies are not modelled`, dev: null, part: null }];
}

function deviceIn(value: unknown): string | null {
  return typeof value === 'string' && isDeviceName(value) ? value : null;
}
