import { type AlikeDevices, NO_SETTINGS, settingsOf, withDevices, withSettings, withoutSettings } from './sysctl-devices.ts';
import { CONF_KEYS, NEIGH_KEYS, NETNS_SYSCTLS, confDefault, neighDefault, netnsDefault } from './sysctl-defaults.ts';

/**
 * What a namespace's sysctls say beyond the kernel's defaults. An absent `conf.DEV.KEY` has the value of `conf.default.KEY`, as a device
 * takes it over when it is registered; {@link withSysctl} pins older devices when the default moves.
 */
export interface Sysctls {
  /** Full name → text, of the namespace and of what holds for `all` devices and by `default`. */
  readonly names: Readonly<Record<string, string>>;
  /** What single devices have of their own. */
  readonly devices: readonly AlikeDevices[];
}

/** A new namespace's sysctls; shared by every namespace that differs in nothing. */
export const NO_SYSCTLS: Sysctls = Object.freeze({ names: Object.freeze({}), devices: Object.freeze([]) });

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
function sysctlDevice(dev: string): string {
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

/** The device that a sysctl is of, and what it is called there; null for one that is not a single device's. */
function ownOf(name: string): { readonly dev: string; readonly key: string } | null {
  const parts = parseSysctlName(name);
  if (parts.kind === 'netns' || parts.dev === 'all' || parts.dev === 'default') return null;
  return { dev: parts.dev.replaceAll('/', '.'), key: `${parts.kind}.${parts.key}` };
}

function explicit({ names, devices }: Sysctls, name: string): string | null {
  const own = ownOf(name);
  const [values, key] = own === null ? [names, name] : [settingsOf(devices, own.dev), own.key];
  return Object.hasOwn(values, key) ? (values[key] ?? null) : null;
}

/** The sysctls that say something: full name and text. */
export function explicitSysctls({ names, devices }: Sysctls): [name: string, value: string][] {
  const full = (dev: string, own: string): string => `net.ipv4.${own.replace('.', `.${sysctlDevice(dev)}.`)}`;
  const ofDevices = devices.flatMap(({ settings, devices: alike }) =>
    alike.flatMap((dev) => Object.entries(settings).map(([own, value]): [string, string] => [full(dev, own), value])),
  );
  return [...Object.entries(names), ...ofDevices];
}

/** Sysctls that say just these. */
export function sysctlsOf(entries: Iterable<readonly [name: string, value: string]>): Sysctls {
  const names: (readonly [string, string])[] = [];
  const byDevice = new Map<string, (readonly [string, string])[]>();
  for (const [name, value] of entries) {
    const own = ownOf(name);
    const list = own === null ? names : byDevice.get(own.dev);
    if (list !== undefined) list.push([own?.key ?? name, value]);
    else if (own !== null) byDevice.set(own.dev, [[own.key, value]]);
  }
  if (names.length === 0 && byDevice.size === 0) return NO_SYSCTLS;
  const added = [...byDevice].map(([dev, settings]) => [dev, Object.fromEntries(settings)] as const);
  return { names: Object.fromEntries(names), devices: withDevices([], added) };
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

function without(values: Readonly<Record<string, string>>, key: string): Readonly<Record<string, string>> {
  const { [key]: _, ...rest } = values;
  return rest;
}

/** The sysctls without what one of them says. */
export function withoutSysctl(sysctls: Sysctls, name: string): Sysctls {
  if (explicit(sysctls, name) === null) return sysctls;
  const { names, devices } = sysctls;
  const own = ownOf(name);
  if (own === null) return { names: without(names, name), devices };
  return { names, devices: withSettings(devices, own.dev, without(settingsOf(devices, own.dev), own.key)) };
}

/** The sysctls with one value stored, or forgotten where it says what would hold anyway. */
function stored(sysctls: Sysctls, name: string, value: string): Sysctls {
  const rest = withoutSysctl(sysctls, name);
  if (inherited(rest, name) === value) return rest;
  const { names, devices } = rest;
  const own = ownOf(name);
  if (own === null) return { names: { ...names, [name]: value }, devices };
  return { names, devices: withSettings(devices, own.dev, { ...settingsOf(devices, own.dev), [own.key]: value }) };
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
  if (parts.kind !== 'netns' && parts.dev !== 'all' && parts.dev !== 'default') return stored(sysctls, name, value);
  const before = followers(name, devices).map((follower) => [follower, readSysctl(sysctls, follower)] as const);
  let next = stored(sysctls, name, value);
  for (const [follower, was] of before) if (was !== null) next = stored(next, follower, was);
  return next;
}

function withForwarding(sysctls: Sysctls, devices: readonly string[], value: string): Sysctls {
  const overridden = [IP_FORWARD, ALL_FORWARDING, ...['default', ...devices].map((dev) => confName(dev, 'forwarding'))];
  const rest = overridden.reduce(withoutSysctl, sysctls);
  return stored(stored(rest, IP_FORWARD, value), `${CONF_PREFIX}all.accept_redirects`, value === '0' ? '1' : '0');
}

/** Without what concerns one device: it left the namespace. */
export function withoutDevice(sysctls: Sysctls, dev: string): Sysctls {
  const devices = withoutSettings(sysctls.devices, dev);
  return devices === sysctls.devices ? sysctls : { names: sysctls.names, devices };
}

/** With what concerns one device under its new name. */
export function withRenamedDevice(sysctls: Sysctls, from: string, to: string): Sysctls {
  const { names, devices } = sysctls;
  const settings = settingsOf(devices, from);
  return settings === NO_SETTINGS ? sysctls : { names, devices: withSettings(withoutSettings(devices, from), to, settings) };
}

/**
 * What a new namespace of the machine takes over: IPv4's `conf.all` and `conf.default` of the first namespace, and the neighbour
 * defaults, of which a machine has one set. Everything else starts from the kernel's defaults. Equal results are one object.
 * @source net/ipv4/devinet.c devinet_init_net; Documentation/admin-guide/sysctl/net.rst devconf_inherit_init_net=0
 */
export function sysctlsOfNewNetns(root: Sysctls): Sysctls {
  let sysctls = takenOver.get(root.names);
  if (sysctls === undefined) takenOver.set(root.names, (sysctls = takeOver(root)));
  return sysctls;
}

/** What is taken over from each namespace's sysctls. */
const takenOver = new WeakMap<Sysctls['names'], Sysctls>();

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
    sysctls = Object.freeze({ names: Object.freeze(Object.fromEntries(taken)), devices: NO_SYSCTLS.devices });
    inheritedByContent.set(content, sysctls);
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
  const all = sysctlsOf(given);
  return sysctlsOf([...given].filter(([name, value]) => (name === IP_FORWARD ? value !== '0' : inherited(all, name) !== value)));
}

/** Every sysctl that podwalk knows in a namespace with these devices, sorted by name as `sysctl -a` prints them. */
export function listSysctls(sysctls: Sysctls, devices: readonly string[]): [name: string, value: string][] {
  const names = new Set([...NETNS_SYSCTLS, ...explicitSysctls(sysctls).map(([name]) => name)]);
  for (const dev of ['all', 'default', ...devices]) for (const key of CONF_KEYS) names.add(confName(dev, key));
  for (const dev of devices) for (const key of NEIGH_KEYS) names.add(neighName(dev, key));
  const hidden = `${NEIGH_PREFIX}default.`;
  return [...names]
    .filter((name) => !name.startsWith(hidden))
    .sort()
    .map((name) => [name, readSysctl(sysctls, name) ?? '']);
}
