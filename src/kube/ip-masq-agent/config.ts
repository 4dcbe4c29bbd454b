import { formatPrefix, parseCidr, prefixOf } from '../../wire/prefix.ts';

/** What ip-masq-agent reads from a file below /etc/config. */
export interface MasqConfig {
  /** Prefixes whose traffic keeps its source, in the order in which their rules are written. */
  readonly nonMasqueradeCIDRs: readonly string[];
  /** Whether traffic to 169.254.0.0/16 is masqueraded too. */
  readonly masqLinkLocal: boolean;
}

/** What the agent uses when it finds no file. @source Azure/ip-masq-agent-v2 DefaultMasqConfig */
export const DEFAULT_MASQ_CONFIG: MasqConfig = {
  nonMasqueradeCIDRs: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  masqLinkLocal: false,
};

/** More prefixes than this and the agent refuses a file. */
const MAX_MASQ_CIDRS = 64;

/** Whether a prefix is one that the agent takes: IPv4 (its IPv6 switch is off by default) and without host bits. */
export function isMasqCidr(text: string): boolean {
  const cidr = parseCidr(text);
  return cidr !== null && text.includes('/') && formatPrefix(prefixOf(cidr.addr, cidr.len)) === text;
}

/**
 * Unites the files that the agent finds: their prefixes without repetitions, in order, and a switch is on when any file turns it on. With no
 * file, the built-in defaults. (The real agent writes the united prefixes in random order; no rule depends on it.)
 * @source Azure/ip-masq-agent-v2 syncConfig, merge
 */
export function mergeMasqConfigs(files: readonly MasqConfig[]): MasqConfig {
  if (files.length === 0) return DEFAULT_MASQ_CONFIG;
  return {
    nonMasqueradeCIDRs: [...new Set(files.flatMap((file) => file.nonMasqueradeCIDRs))],
    masqLinkLocal: files.some((file) => file.masqLinkLocal),
  };
}

/**
 * Reads the text of such a file as AKS writes it: a YAML mapping of the two keys with the prefixes as a block list.
 * @returns `null` when the text is anything else.
 */
export function parseMasqConfigText(text: string): MasqConfig | null {
  if (text.length > 65_536) return null;
  const nonMasqueradeCIDRs: string[] = [];
  let masqLinkLocal = false;
  let inList = false;
  for (const raw of text.split('\n')) {
    const line = raw.replace(/(?:^|\s)#.*$/, '').trimEnd();
    if (line === '' || line === '---') continue;
    const item = /^\s*- *["']?([^"']+?)["']?$/.exec(line);
    const key = /^(nonMasqueradeCIDRs|masqLinkLocal|masqLinkLocalIPv6|resyncInterval): *(.*)$/.exec(line);
    if (item?.[1] !== undefined && inList) {
      if (!isMasqCidr(item[1]) || nonMasqueradeCIDRs.push(item[1]) > MAX_MASQ_CIDRS) return null;
    } else if (key?.[1] === 'nonMasqueradeCIDRs' && (key[2] === '' || key[2] === '[]')) {
      inList = key[2] === '';
    } else if (key?.[1] === 'masqLinkLocal' && (key[2] === 'true' || key[2] === 'false')) {
      masqLinkLocal = key[2] === 'true';
      inList = false;
    } else if (key?.[1] === 'masqLinkLocalIPv6' || key?.[1] === 'resyncInterval') {
      inList = false;
    } else return null;
  }
  return { nonMasqueradeCIDRs, masqLinkLocal };
}
