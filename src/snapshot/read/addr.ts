import type { Field } from '../../kube/objects/field.ts';
import type { Address } from '../../linux/link.ts';
import { type IprouteNames, namedNumber } from './names.ts';
import { ipv4Of, isIpv6Text } from './scalar.ts';

const MAX_ADDRESSES = 100_000;
const SCOPES: ReadonlyMap<number, Address['scope']> = new Map([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
]);

/** The IPv4 addresses of one row of `ip -j addr show`, in order. @source iproute2 ip/ipaddress.c print_addrinfo */
export function readAddresses(row: Field, names: IprouteNames): Address[] {
  const addresses: Address[] = [];
  for (const info of row.get('addr_info').items(MAX_ADDRESSES)) {
    if (info.get('family').value === 'inet6' || isIpv6Text(info.get('local'))) continue;
    const local = ipv4Of(info.get('local').required('an IPv4 address'));
    const len = info.get('prefixlen').required('a prefix length').int(0, 32);
    if (local === null || len === null) continue;
    const peer = ipv4Of(info.get('address'));
    addresses.push({
      local,
      len,
      broadcast: ipv4Of(info.get('broadcast')),
      scope: scopeOf(info.get('scope'), names),
      peer: peer === local ? null : peer,
      secondary: info.get('secondary').bool(false),
      noprefixroute: info.get('noprefixroute').bool(false),
    });
  }
  return addresses;
}

function scopeOf(field: Field, names: IprouteNames): Address['scope'] {
  const number = namedNumber(field, names.scopes, 255, 'a scope') ?? 0;
  const scope = SCOPES.get(number);
  if (scope === undefined) field.fail(`scope ${number} is not modelled for an address`, 'global, site, link or host');
  return scope ?? 'global';
}
