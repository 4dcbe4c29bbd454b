import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * What a container runtime draws at random for a pod's sandbox, derived from the pod instead: the same pod has the same container id
 * and the same network namespace in every run.
 */
export interface SandboxIdentity {
  /** 64 hexadecimal digits. */
  readonly containerId: string;
  /** `cni-` and a UUID, as containerd names the namespaces that it makes. */
  readonly netns: string;
  /** Seeds whatever a plug-in draws at random for this sandbox. */
  readonly seed: number;
}

/** @param attempt counts the sandboxes that the pod has had, from 0 */
export function sandboxIdentity(cluster: string, namespace: string, name: string, attempt: number): SandboxIdentity {
  const digest = sha256(utf8ToBytes(`${cluster}/${namespace}/${name}/${attempt}`));
  const hex = bytesToHex(digest.toReversed());
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  return { containerId: bytesToHex(digest), netns: `cni-${uuid}`, seed: Number.parseInt(hex.slice(32, 40), 16) };
}
