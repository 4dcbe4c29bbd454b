/** What a device has of its own: `conf.proxy_arp` → `1`, `neigh.gc_stale_time` → `60`. */
export type OwnSettings = Readonly<Record<string, string>>;

/**
 * Devices that have the same settings of their own. Every pod's end on a node has, so they are told once. Lists of them, and the names in
 * each, are sorted, so that what says the same is the same, however it came about.
 */
export interface AlikeDevices {
  readonly settings: OwnSettings;
  /** Names as links bear them. */
  readonly devices: readonly string[];
}

export const NO_SETTINGS: OwnSettings = Object.freeze({});

/** What a device has of its own. */
export function settingsOf(groups: readonly AlikeDevices[], dev: string): OwnSettings {
  return groups.find(({ devices }) => devices.includes(dev))?.settings ?? NO_SETTINGS;
}

/** With a device that has these settings in place of those that it had. */
export function withSettings(groups: readonly AlikeDevices[], dev: string, settings: OwnSettings): readonly AlikeDevices[] {
  return withDevices(withoutSettings(groups, dev), [[dev, settings]]);
}

/** Without what a device has of its own. */
export function withoutSettings(groups: readonly AlikeDevices[], dev: string): readonly AlikeDevices[] {
  if (!groups.some(({ devices }) => devices.includes(dev))) return groups;
  return groups.flatMap((group) => {
    if (!group.devices.includes(dev)) return [group];
    const devices = group.devices.filter((other) => other !== dev);
    return devices.length === 0 ? [] : [{ settings: group.settings, devices }];
  });
}

/** With the settings of devices that had none of their own yet. */
export function withDevices(
  groups: readonly AlikeDevices[],
  added: readonly (readonly [dev: string, settings: OwnSettings])[],
): readonly AlikeDevices[] {
  const byContent = new Map(groups.map((group) => [contentOf(group.settings), group]));
  const newcomers = new Map<string, string[]>();
  for (const [dev, settings] of added) {
    const content = contentOf(settings);
    if (content === '[]') continue;
    if (!byContent.has(content)) byContent.set(content, { settings, devices: [] });
    const list = newcomers.get(content);
    if (list === undefined) newcomers.set(content, [dev]);
    else list.push(dev);
  }
  return [...byContent]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([content, group]) => {
      const more = newcomers.get(content);
      return more === undefined ? group : { settings: group.settings, devices: group.devices.concat(more).sort() };
    });
}

const contents = new WeakMap<OwnSettings, string>();

/** The settings as text: equal for equal settings. */
function contentOf(settings: OwnSettings): string {
  let content = contents.get(settings);
  if (content === undefined) {
    const entries = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
    contents.set(settings, (content = JSON.stringify(entries)));
  }
  return content;
}
