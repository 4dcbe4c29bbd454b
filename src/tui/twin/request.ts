import type { ProbeRequest } from '../../scenario/probe.ts';

export const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** The packet that a person asks for. */
export interface Request {
  /** An endpoint that can send. */
  readonly from: string;
  /** An endpoint without its port: `svc/default/web`, `svc/default/web@lb`, `10.0.0.9`. */
  readonly to: string;
  /** A number, or the name of a port of a service; null: the only one, or none. */
  readonly port: string | null;
  /** Null: what the service says, TCP where there is a port, else ICMP. */
  readonly proto: Protocol | null;
}

/** The destination as the command line spells it, with its port before the face of a service. */
export function targetText({ to, port }: Pick<Request, 'to' | 'port'>): string {
  if (port === null) return to;
  const face = to.indexOf('@');
  return face < 0 ? `${to}:${port}` : `${to.slice(0, face)}:${port}${to.slice(face)}`;
}

const WITH_PORT = /^(.*?):([A-Za-z0-9-]{1,15})(@.*)?$/;

/** Takes the port off a destination as somebody typed it. */
export function splitTarget(text: string): Pick<Request, 'to' | 'port'> {
  const [, head, port, face = ''] = WITH_PORT.exec(text) ?? [];
  return head === undefined || port === undefined ? { to: text, port: null } : { to: head + face, port };
}

/** The request as a scenario's check asks it. */
export function probeRequest(request: Request): ProbeRequest {
  return { from: request.from, to: targetText(request), proto: request.proto, send: {} };
}
