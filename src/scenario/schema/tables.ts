import * as z from 'zod';
import { section } from './section.ts';

/** Raw additions to the tables of one namespace, each in the notation of its tool. */
export interface TablesEntry {
  readonly on: string;
  readonly iptables?: string;
  readonly routes?: string[];
  readonly rules?: string[];
  readonly neighbours?: string[];
  readonly sysctls?: Record<string, string | number>;
  readonly ipset?: string;
  readonly replace?: boolean;
}

const line = z.string().min(1).max(2000);

export const tablesEntry: z.ZodType<TablesEntry> = z.lazy(() =>
  section({
    on: z.string().max(600).describe('whose tables: node/NAME, pod/NAMESPACE/NAME, vm/NAME, netns/MACHINE/NAME'),
    ipset: z.string().exactOptional().describe('text of ipset save, or the path of a file that holds it'),
    iptables: z.string().exactOptional().describe('text of iptables-save, or the path of a file that holds it'),
    replace: z
      .boolean()
      .exactOptional()
      .describe('true: flush the tables that the iptables text names, as iptables-restore does; default: keep'),
    routes: z.array(line).max(10_000).exactOptional().describe('as ip route add takes them: 10.1.0.0/16 via 10.224.0.4 dev eth0'),
    rules: z.array(line).max(1000).exactOptional().describe('as ip rule add takes them: from 10.1.0.0/16 lookup 100'),
    neighbours: z
      .array(line)
      .max(1000)
      .exactOptional()
      .describe('as ip neigh add takes them: 10.224.0.9 lladdr 02:00:00:00:00:09 dev eth0'),
    sysctls: z
      .record(z.string().max(200), z.union([z.string().max(200), z.int()]))
      .exactOptional()
      .describe('net.ipv4.ip_forward: 0'),
  }),
);
