import type { Link } from './link.ts';
import type { Netns } from './netns.ts';

/** A link of a compiled namespace: what the packet's way reads, worked out once. */
export interface Device {
  readonly link: Link;
  readonly name: string;
  readonly ifindex: number;
  /** Position in the device list. */
  readonly index: number;
}

/** A frozen namespace made ready for packets; see `compileNetns`. (Filled in by linux/path.) */
export interface CompiledNetns {
  readonly tables: Netns;
  readonly devices: readonly Device[];
  readonly deviceByName: ReadonlyMap<string, Device>;
}
