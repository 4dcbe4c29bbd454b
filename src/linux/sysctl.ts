import { CONF_KEYS, NEIGH_KEYS, NETNS_SYSCTLS, confDefault, neighDefault, netnsDefault } from './sysctl-defaults.ts';

/**
 * What a namespace's sysctls say beyond the kernel's defaults: full name → text. An absent `conf.DEV.KEY` has the value of
 * `conf.default.KEY`, as a device takes it over when it is registered; {@link withSysctl} pins older devices when the default moves.
 */
export type Sysctls = Readonly<Record<string, string>>;

/** A new namespace's sysctls; shared by every namespace that differs in nothing. */
export const NO_SYSCTLS: Sysctls = Object.freeze({});

/** The parts of a sysctl name. A device name keeps its `/` in place of a dot. */
export type SysctlName =
  | { readonly kind: 'conf'; readonly dev: string; readonly key: string }
  | { readonly kind: 'neigh'; readonly dev: string; readonly key: string }
  | { readonly kind: 'netns'; readonly name: string };

const CONF_PREFIX = 'net.ipv4.conf.';
const NEIGH_PREFIX = 'net.ipv4.neigh.';
const IP_FORWARD = 'net.ipv4.ip_forward';
const ALL_FORWARDING = 'net.ipv4.conf.all.forwarding';

/** A device name as it stands in a sysctl name: a dot becomes `/`. */
export function sysctlDevice(dev: string): string {
  return dev.replaceAll('.', '/');
}

/** Splits a full sysctl name. */
export function parseSysctlName(name: string): SysctlName {
  for (const kind of ['conf', 'neigh'] as const) {
    const prefix = kind === 'conf' ? CONF_PREFIX : NEIGH_PREFIX;
    const last = name.lastIndexOf('.');
    if (name.startsWith(prefix) && last > prefix.length) return { kind, dev: name.slice(prefix.length, last), key: name.slice(last + 1) };
  }
  return { kind: 'netns', name };
}

/** `net.ipv4.conf.DEV.KEY` and its like, for a link's name. */
export function confName(dev: string, key: string): string {
  return `${CONF_PREFIX}${sysctlDevice(dev)}.${key}`;
}

export function neighName(dev: string, key: string): string {
  return `${NEIGH_PREFIX}${sysctlDevice(dev)}.${key}`;
}

function explicit(sysctls: Sysctls, name: string): string | null {
  return Object.hasOwn(sysctls, name) ? (sysctls[name] ?? null) : null;
}

/** What a sysctl reads as when nothing was written to it itself. */
function inherited(sysctls: Sysctls, name: string): string | null {
  // The two names of one switch.
  if (name === IP_FORWARD) return explicit(sysctls, ALL_FORWARDING) ?? '0';
  if (name === ALL_FORWARDING) return explicit(sysctls, IP_FORWARD) ?? '0';
  const parts = parseSysctlName(name);
  switch (parts.kind) {
    case 'netns':
      return netnsDefault(name);
    case 'neigh':
      return (parts.dev === 'default' ? null : explicit(sysctls, `${NEIGH_PREFIX}default.${parts.key}`)) ?? neighDefault(parts.key);
    case 'conf': {
      const preset = confDefault(parts.dev, parts.key);
      if (preset === null || parts.dev === 'all') return preset;
      const generic = confDefault('default', parts.key);
      if (preset !== generic) return preset;
      const byDefault = parts.dev === 'default' ? null : explicit(sysctls, `${CONF_PREFIX}default.${parts.key}`);
      if (byDefault !== null) return byDefault;
      return parts.key === 'forwarding' ? readSysctl(sysctls, ALL_FORWARDING) : preset;
    }
  }
}

/** The text of a sysctl as `sysctl -n` prints it; null for a name that podwalk does not know and nobody set. */
export function readSysctl(sysctls: Sysctls, name: string): string | null {
  return explicit(sysctls, name) ?? inherited(sysctls, name);
}

function without(sysctls: Sysctls, name: string): Sysctls {
  const { [name]: _, ...rest } = sysctls;
  return rest;
}

/** The sysctls with one value stored, or forgotten where it says what would hold anyway. */
function stored(sysctls: Sysctls, name: string, value: string): Sysctls {
  const rest = Object.hasOwn(sysctls, name) ? without(sysctls, name) : sysctls;
  return inherited(rest, name) === value ? rest : { ...rest, [name]: value };
}

/** The devices' own names of a `default`, which hold what the default said when they were registered. */
function followers(name: string, devices: readonly string[]): string[] {
  const parts = parseSysctlName(name);
  if (parts.kind === 'netns' || parts.dev !== 'default') return [];
  return devices.map((dev) => (parts.kind === 'conf' ? confName(dev, parts.key) : neighName(dev, parts.key)));
}

/**
 * The sysctls after `sysctl -w NAME=VALUE`, with what the kernel writes along: `ip_forward` (or `conf.all.forwarding`) sets the
 * default's and every device's forwarding and turns `conf.all.accept_redirects` the other way; `conf.default.*` reaches only devices
 * registered later.
 * @source net/ipv4/devinet.c devinet_sysctl_forward, inet_forward_change, devinet_copy_dflt_conf
 */
export function withSysctl(sysctls: Sysctls, devices: readonly string[], name: string, value: string): Sysctls {
  if (readSysctl(sysctls, name) === value) return sysctls;
  if (name === IP_FORWARD || name === ALL_FORWARDING) return withForwarding(sysctls, devices, value);
  const parts = parseSysctlName(name);
  if (parts.kind !== 'netns' && parts.dev !== 'all' && parts.dev !== 'default') return handOn(sysctls, stored(sysctls, name, value));
  const before = followers(name, devices).map((follower) => [follower, readSysctl(sysctls, follower)] as const);
  let next = stored(sysctls, name, value);
  for (const [follower, was] of before) if (was !== null) next = stored(next, follower, was);
  return next;
}

function withForwarding(sysctls: Sysctls, devices: readonly string[], value: string): Sysctls {
  const overridden = new Set([IP_FORWARD, ALL_FORWARDING, ...['default', ...devices].map((dev) => confName(dev, 'forwarding'))]);
  const rest = Object.fromEntries(Object.entries(sysctls).filter(([name]) => !overridden.has(name)));
  return stored(stored(rest, IP_FORWARD, value), `${CONF_PREFIX}all.accept_redirects`, value === '0' ? '1' : '0');
}

/** Without what concerns one device: it left the namespace. */
export function withoutDevice(sysctls: Sysctls, dev: string): Sysctls {
  if (isSilent(sysctls, dev)) return sysctls;
  const conf = `${CONF_PREFIX}${sysctlDevice(dev)}.`;
  const neigh = `${NEIGH_PREFIX}${sysctlDevice(dev)}.`;
  return handOn(sysctls, Object.fromEntries(Object.entries(sysctls).filter(([name]) => !isOf(name, conf) && !isOf(name, neigh))));
}

/** With what concerns one device under its new name. */
export function withRenamedDevice(sysctls: Sysctls, from: string, to: string): Sysctls {
  if (isSilent(sysctls, from)) return sysctls;
  const prefixes = [CONF_PREFIX, NEIGH_PREFIX].map(
    (prefix) => [`${prefix}${sysctlDevice(from)}.`, `${prefix}${sysctlDevice(to)}.`] as const,
  );
  return Object.fromEntries(
    Object.entries(sysctls).map(([name, value]) => {
      for (const [old, renamed] of prefixes) if (isOf(name, old)) return [renamed + name.slice(old.length), value];
      return [name, value];
    }),
  );
}

/** Whether no sysctl says anything about a device. */
function isSilent(sysctls: Sysctls, dev: string): boolean {
  const middle = `.${sysctlDevice(dev)}.`;
  for (const name in sysctls) if (name.includes(middle)) return false;
  return true;
}

/** A key has no dot, so `conf.eth0.` is not the prefix of a name of another device. */
function isOf(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && !name.includes('.', prefix.length);
}

/**
 * What a new namespace of the machine takes over: IPv4's `conf.all` and `conf.default` of the first namespace, and the neighbour
 * defaults, of which a machine has one set. Everything else starts from the kernel's defaults. Equal results are one object.
 * @source net/ipv4/devinet.c devinet_init_net; Documentation/admin-guide/sysctl/net.rst devconf_inherit_init_net=0
 */
export function sysctlsOfNewNetns(root: Sysctls): Sysctls {
  let sysctls = takenOver.get(root);
  if (sysctls === undefined) takenOver.set(root, (sysctls = takeOver(root)));
  return sysctls;
}

/** What is taken over from each namespace's sysctls; a change to one device does not touch it, so it is handed on. */
const takenOver = new WeakMap<Sysctls, Sysctls>();

function handOn(from: Sysctls, to: Sysctls): Sysctls {
  const taken = takenOver.get(from);
  if (taken !== undefined) takenOver.set(to, taken);
  return to;
}

function takeOver(root: Sysctls): Sysctls {
  const taken: [name: string, value: string][] = [];
  for (const name of INHERITED) {
    const value = explicit(root, name);
    if (value !== null) taken.push([name, value]);
  }
  if (taken.length === 0) return NO_SYSCTLS;
  const content = JSON.stringify(taken);
  let sysctls = inheritedByContent.get(content);
  if (sysctls === undefined) {
    if (inheritedByContent.size >= MAX_INHERITED) inheritedByContent.clear();
    inheritedByContent.set(content, (sysctls = Object.freeze(Object.fromEntries(taken))));
  }
  return sysctls;
}

const INHERITED: readonly string[] = [
  IP_FORWARD,
  ...CONF_KEYS.flatMap((key) => [`${CONF_PREFIX}all.${key}`, `${CONF_PREFIX}default.${key}`]),
  ...NEIGH_KEYS.map((key) => `${NEIGH_PREFIX}default.${key}`),
];
const MAX_INHERITED = 64;
const inheritedByContent = new Map<string, Sysctls>();

/**
 * The sysctls of a dump: whatever a device's own line does not say has the kernel's default, not the dump's `conf.default`, which only
 * a device registered later would take over. Forwarding alone follows `ip_forward`, so that a dump cut down to that line means it.
 * @param lines every `name = value` of the dump, in any order
 */
export function sysctlsOfDump(lines: ReadonlyMap<string, string>, devices: readonly string[]): Sysctls {
  const given = new Map([...lines].filter(([name]) => name.startsWith('net.')));
  for (const dev of devices) {
    for (const key of CONF_KEYS) {
      const name = confName(dev, key);
      const preset = confDefault(sysctlDevice(dev), key);
      if (key !== 'forwarding' && preset !== null && !given.has(name)) given.set(name, preset);
    }
  }
  const all: Sysctls = Object.fromEntries(given);
  const kept = Object.entries(all).filter(([name, value]) => (name === IP_FORWARD ? value !== '0' : inherited(all, name) !== value));
  return kept.length === 0 ? NO_SYSCTLS : Object.fromEntries(kept);
}

/** Every sysctl that podwalk knows in a namespace with these devices, sorted by name as `sysctl -a` prints them. */
export function listSysctls(sysctls: Sysctls, devices: readonly string[]): [name: string, value: string][] {
  const names = new Set([...NETNS_SYSCTLS, ...Object.keys(sysctls)]);
  for (const dev of ['all', 'default', ...devices]) for (const key of CONF_KEYS) names.add(confName(dev, key));
  for (const dev of devices) for (const key of NEIGH_KEYS) names.add(neighName(dev, key));
  const hidden = `${NEIGH_PREFIX}default.`;
  return [...names]
    .filter((name) => !name.startsWith(hidden))
    .sort()
    .map((name) => [name, readSysctl(sysctls, name) ?? '']);
}
