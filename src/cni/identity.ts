import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { bytesOf } from '../wire/ascii.ts';

/**
 * The namespace of a pod's sandbox, `cni-` and a UUID, as containerd names those that it makes. What a runtime draws at random is derived
 * from the pod instead: the same pod has the same namespace in every run.
 * @param attempt counts the sandboxes that the pod has had, from 0
 */
export function sandboxNetns(cluster: string, namespace: string, name: string, attempt: number): string {
  const hex = bytesToHex(sha256(bytesOf(`${cluster}/${namespace}/${name}/${attempt}`)).subarray(0, 16));
  return `cni-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** The container id of a sandbox, 64 hexadecimal digits. It follows from the namespace, so nobody has to keep it. */
export function containerIdOf(netns: string): string {
  return bytesToHex(sha256(bytesOf(netns)));
}

/** Seeds whatever a plug-in draws at random for a sandbox. */
export function seedOf(netns: string): number {
  return Number.parseInt(netns.slice(4, 12), 16);
}
