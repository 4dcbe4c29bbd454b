import type { Field } from '../../kube/objects/field.ts';
import { HOOK_NAMES } from '../../linux/netfilter/hook-env.ts';
import type { Unmodelled } from '../../linux/netns.ts';
import { isDeviceName } from './scalar.ts';
import { MAX_ROWS } from './source.ts';

/** The tables that iptables, ebtables and arptables keep in nftables under these names; their own dumps hold them. */
const COMPATIBLE: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['ip', new Set(['raw', 'mangle', 'nat', 'filter', 'security'])],
  ['bridge', new Set(['filter', 'nat', 'broute'])],
]);

/**
 * The tables of `nft -j list ruleset` that packets would meet and no other dump holds: those of native nftables with a hook.
 * @param written whether a table of family `ip` or `bridge` is in the dump of iptables or ebtables
 */
export function readNft(document: Field, written: (family: string, table: string) => boolean): Unmodelled[] {
  const found = new Map<string, { readonly name: string; readonly dev: string | null; readonly hooks: Set<string> }>();
  for (const item of document.get('nftables').items(MAX_ROWS)) {
    for (const kind of ['chain', 'flowtable']) {
      const object = item.get(kind);
      const hook = object.get('hook').text(32);
      const family = object.get('family').text(16) ?? '';
      const table = object.get('table').text(128) ?? '';
      if (hook === null || family === 'ip6') continue;
      if (COMPATIBLE.get(family)?.has(table) === true && written(family, table)) continue;
      const dev = deviceIn(object.get('dev').value);
      const name = `${family} ${table}`;
      const key = `${name} ${dev ?? ''}`;
      const entry = found.get(key) ?? { name, dev, hooks: new Set() };
      entry.hooks.add(hook);
      found.set(key, entry);
    }
  }
  return [...found.values()].map(({ name, dev, hooks }): Unmodelled => {
    const text = `nftables table ${name} at ${[...hooks].join(', ')} is not modelled`;
    const meets = meetsAt(name.slice(0, name.indexOf(' ')), [...hooks]);
    return { reason: 'NFT', text, dev, part: null, ...(meets === null ? {} : { meets }) };
  });
}

/** What a table takes, by its family and hooks; null where that is more than is told apart. */
function meetsAt(family: string, hooks: readonly string[]): NonNullable<Unmodelled['meets']> | null {
  if (family === 'bridge') return ['BRIDGE'];
  if (family === 'arp') return ['ARP'];
  const known = hooks.flatMap((hook) => HOOK_NAMES.filter((name) => name === hook.toUpperCase()));
  return known.length === hooks.length ? known : null;
}

/** The device of a netdev chain; several are the whole namespace. */
function deviceIn(value: unknown): string | null {
  return typeof value === 'string' && isDeviceName(value) ? value : null;
}
