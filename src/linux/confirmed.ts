import type { Device } from './device.ts';

/** Whether a neighbour that was confirmed then still counts as reachable. @source include/net/neighbour.h neigh_parms.reachable_time */
export function isConfirmed({ sysctl }: Device, atMs: number, nowMs: number): boolean {
  return nowMs - atMs <= sysctl.neigh.baseReachableTimeMs;
}
