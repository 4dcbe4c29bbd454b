import { hexName, sha256Of } from '../wire/digest.ts';

/**
 * The namespace of a pod's sandbox, `cni-` and a UUID, as containerd names those that it makes. What a runtime draws at random is derived
 * from the pod instead: the same pod has the same namespace in every run.
 * @param attempt counts the sandboxes that the pod has had, from 0
 */
export function sandboxNetns(cluster: string, namespace: string, name: string, attempt: number): string {
  return hexName('cni-', sha256Of(`${cluster}/${namespace}/${name}/${attempt}`), 8, 4, 4, 4, 12);
}

/** The container id of a sandbox, 64 hexadecimal digits. It follows from the namespace, so nobody has to keep it. */
export function containerIdOf(netns: string): string {
  return hexName('', sha256Of(netns), 64);
}

/** Seeds whatever a plug-in draws at random for a sandbox. */
export function seedOf(netns: string): number {
  return Number.parseInt(netns.slice(4, 12), 16);
}
