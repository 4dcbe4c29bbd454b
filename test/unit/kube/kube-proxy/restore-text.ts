/** Reads and normalises iptables texts, only as far as kube-proxy's own rules go. */
export interface TableText {
  readonly chains: readonly string[];
  readonly rules: readonly string[];
}

/** Splits a restore input or a save into its tables; rules of built-in chains and everything else stays in order. */
export function tablesOf(text: string): Map<string, TableText> {
  const tables = new Map<string, TableText>();
  let chains: string[] = [];
  let rules: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      chains = [];
      rules = [];
      tables.set(line.slice(1), { chains, rules });
    } else if (line.startsWith(':')) chains.push(line.slice(1).split(' ')[0] ?? '');
    else if (line.startsWith('-')) rules.push(line);
  }
  return tables;
}

const FIRST = ['KUBE-NODEPORTS', 'KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES'];

function rank(chain: string): string {
  const index = FIRST.indexOf(chain);
  return index < 0 ? `9${chain}` : String(index);
}

/** Upstream's normal form of one table: chains and rules in a fixed order of chains, deletions last. */
export function normalForm({ chains, rules }: TableText): string {
  const order = (a: string, b: string): number => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0);
  const chainOf = (rule: string): string => rule.split(' ')[1] ?? '';
  const kept = rules.filter((rule) => rule.startsWith('-A')).toSorted((a, b) => order(chainOf(a), chainOf(b)));
  const deleted = rules.filter((rule) => rule.startsWith('-X')).toSorted();
  return [...chains.toSorted(order).map((chain) => `:${chain} - [0:0]`), ...kept, ...deleted, 'COMMIT', ''].join('\n');
}

function words(rule: string): string[] {
  return [...rule.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

/** A rule as iptables-save prints it: addresses with a length first, then the protocol, then the matches, then the target. */
export function canonical(rule: string): string {
  const tokens = words(rule);
  const [, chain = ''] = tokens;
  const parts = { source: '', destination: '', input: '', protocol: '' };
  const matches: string[] = [];
  const target: string[] = [];
  for (let i = 2; i < tokens.length; i++) {
    const not = tokens[i] === '!' ? '! ' : '';
    if (not !== '') i++;
    const word = tokens[i] ?? '';
    const value = tokens[i + 1] ?? '';
    const address = value.includes('/') ? value : `${value}/32`;
    if (word === '-s') parts.source = `${not}-s ${address}`;
    else if (word === '-d') parts.destination = `${not}-d ${address}`;
    else if (word === '-i') parts.input = `${not}-i ${value}`;
    else if (word === '-p') parts.protocol = `${not}-p ${value}`;
    else if (word === '-j') {
      target.push(...targetWords(tokens.slice(i + 1)));
      break;
    } else {
      matches.push(`${not}${matchWords(word, value)}`);
      if (word === '--rcheck' || word === '--set' || word === '--reap') i--;
    }
    i++;
  }
  const recent = matches.findIndex((match) => match.startsWith('--name'));
  if (recent >= 0) matches.push(...matches.splice(recent, 1), '--mask 255.255.255.255 --rsource');
  const all = [parts.source, parts.destination, parts.input, parts.protocol, ...matches, ...(target.length > 0 ? ['-j', ...target] : [])];
  return `-A ${chain} ${all.filter((part) => part !== '').join(' ')}`;
}

function matchWords(word: string, value: string): string {
  switch (word) {
    case '--comment':
      return /[^A-Za-z0-9_.-]/.test(value) ? `--comment "${value}"` : `--comment ${value}`;
    case '--probability':
      return `--probability ${(Math.floor(Number(value) * 2 ** 31 + 0.5) / 2 ** 31).toFixed(11)}`;
    case '--mark':
      return `--mark ${value.replaceAll('0x0000', '0x')}`;
    case '--rcheck':
    case '--set':
    case '--reap':
      return word;
    default:
      return `${word} ${value}`;
  }
}

function targetWords([name = '', ...options]: readonly string[]): string[] {
  const [option, value] = options;
  if (name === 'REJECT') return [name, '--reject-with', 'icmp-port-unreachable'];
  if (option === '--or-mark') return [name, '--set-xmark', '0x4000/0x4000'];
  if (option === '--xor-mark') return [name, '--set-xmark', '0x4000/0x0'];
  return [name, ...options].filter((word) => word !== undefined && (word !== value || value !== ''));
}
