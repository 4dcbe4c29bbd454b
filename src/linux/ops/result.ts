/** Done, or what the tool prints when the kernel refuses. */
export type OpResult = 'ok' | OpError;
export type OpError =
  `RTNETLINK answers: ${string}` | `Error: ${string}` | `Cannot find device "${string}"` | `sysctl: ${string}` | `bind: ${string}`;

export const FILE_EXISTS: OpError = 'RTNETLINK answers: File exists';
export const NO_SUCH_PROCESS: OpError = 'RTNETLINK answers: No such process';
export const NO_SUCH_FILE: OpError = 'RTNETLINK answers: No such file or directory';
export const NO_SUCH_DEVICE: OpError = 'RTNETLINK answers: No such device';
export const INVALID_ARGUMENT: OpError = 'RTNETLINK answers: Invalid argument';
export const NOT_SUPPORTED: OpError = 'RTNETLINK answers: Operation not supported';
export const NETWORK_DOWN: OpError = 'RTNETLINK answers: Network is down';

export function noDevice(name: string): OpError {
  return `Cannot find device "${name}"`;
}
