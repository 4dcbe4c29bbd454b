import type { Line } from './source.ts';

const KEY = /^net(?:\.[\w/:@+-]{1,64}){1,8}$/;
/** `ip_local_reserved_ports` may list every second port. */
const MAX_VALUE_CHARACTERS = 524_288;

/**
 * The IPv4, bridge and netfilter settings of `sysctl -a`; a dot in a device name is written `/`. Other families and lines that do not
 * begin with `net.` are skipped.
 */
export function readSysctls(lines: readonly Line[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    if (!line.text.startsWith('net.')) continue;
    const equals = line.text.indexOf('=');
    const key = line.text.slice(0, Math.max(equals, 0)).trim();
    const value = line.text.slice(equals + 1).trim();
    if (!KEY.test(key)) line.fail('this is no sysctl', 'net.… = value');
    else if (value.length > MAX_VALUE_CHARACTERS)
      line.fail('the value is too long', `at most ${MAX_VALUE_CHARACTERS} characters`, equals + 1);
    else if (/^net\.(?:ipv4|bridge|netfilter)\./.test(key)) values.set(key, value);
  }
  return values;
}
