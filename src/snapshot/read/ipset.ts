import { DIMENSIONS } from '../../linux/netfilter/ipset/part.ts';
import { IPSET_TYPES, type Ipset, type IpsetEntry, type IpsetPart } from '../../linux/netfilter/ipset/ipset.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import { parsePrefix } from '../../wire/prefix.ts';
import { protoNumber } from '../../wire/proto.ts';
import type { Source } from './source.ts';

export function readIpsets(source: Source, path: string): Ipset[] | null {
  const lines = source.lines(path);
  if (lines === null) return null;
  const sets = new Map<string, Ipset & { entries: IpsetEntry[] }>();
  for (const line of lines) {
    const [verb, name = '', ...rest] = line.words();
    if (verb === 'create') {
      const type = IPSET_TYPES.find((known) => known === rest[0]);
      if (type === undefined) line.fail('no such set type', IPSET_TYPES.join(', '));
      else {
        const common = { name, type, family: 'inet' as const, timeoutSeconds: null, netmask: null, markmask: null, range: null };
        sets.set(name, { ...common, counters: false, comments: false, skbinfo: false, header: rest.slice(1), entries: [] });
      }
      continue;
    }
    const set = sets.get(name);
    if (set === undefined) continue;
    const texts = (rest[0] ?? '').split(',');
    const parts = DIMENSIONS[set.type].map((dimension, i): IpsetPart => {
      const text = texts[i] ?? '';
      const addr = parseIpv4(text);
      const net = parsePrefix(text);
      if (dimension === 'ip' && addr !== null) return { k: 'ip', addr };
      if (dimension === 'net' && net !== null) return { k: 'net', ...net };
      const [proto = '', port] = text.split(':');
      const number = protoNumber(proto);
      if (dimension === 'port' && number !== null) return { k: 'port', proto: number, port: Number(port) };
      return { k: 'text', text };
    });
    set.entries.push({ parts, nomatch: rest.includes('nomatch'), timeoutSeconds: null, comment: null });
  }
  return [...sets.values()];
}
