import type { Fabric } from '../azure/fabric.ts';
import type { Host } from '../linux/netns.ts';
import type { Cluster } from './cluster.ts';

/**
 * Everything a walk reads, as a JSON tree: machines with their namespaces, the fabric between them, the cluster objects that agents
 * turn into tables. Parts refer to each other by id, never by object.
 */
export interface World {
  machines: Record<string, Host>;
  fabric: Fabric | null;
  cluster: Cluster | null;
}

declare const frozenBrand: unique symbol;

/** A World that nothing changes any more. Walks and caches take only these; an edit makes another one. */
export type FrozenWorld = World & { readonly [frozenBrand]: true };
