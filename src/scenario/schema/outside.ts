import * as z from 'zod';
import { address, cidr, listens, name } from './field.ts';
import { section } from './section.ts';

export interface VmEntry {
  readonly name: string;
  readonly subnet?: string;
  readonly ip?: string;
  readonly publicIp?: string;
  readonly forwards?: boolean;
  readonly listens?: (string | number)[];
}

export interface InternetEntry {
  readonly name: string;
  readonly ips: string[];
  readonly listens?: (string | number)[];
}

export interface OnpremEntry extends InternetEntry {
  readonly vnet?: string;
  readonly prefix?: string;
}

/** Hosts that are no nodes of the cluster. */
export interface OutsideSection {
  readonly vms?: VmEntry[];
  readonly internet?: InternetEntry[];
  readonly onprem?: OnpremEntry[];
}

const subnet = z.string().max(160).describe("VNET/SUBNET; default the nodes' subnet");
const ips = z.array(address).min(1).max(64).describe('its addresses');
const host = name.describe('its name: internet/NAME, onprem/NAME in checks');

export const outsideSection: z.ZodType<OutsideSection> = z.lazy(() =>
  section({
    vms: z
      .array(
        section({
          name: name.describe('its name: vm/NAME in checks'),
          subnet: subnet.exactOptional(),
          ip: address.exactOptional().describe('its address; default the next free one of the subnet'),
          publicIp: address.exactOptional().describe('a public address of its own'),
          forwards: z.boolean().exactOptional().describe('an appliance: forwards packets for others'),
          listens: listens.exactOptional(),
        }),
      )
      .exactOptional()
      .describe('virtual machines beside the cluster'),
    internet: z
      .array(section({ name: host, ips, listens: listens.exactOptional() }))
      .exactOptional()
      .describe('hosts of the internet; default one, internet, 203.0.113.10, which listens on tcp/80, tcp/443 and udp/53'),
    onprem: z
      .array(
        section({
          name: host,
          ips,
          vnet: name.exactOptional().describe("the virtual network whose gateway leads there; default the cluster's"),
          prefix: cidr.exactOptional().describe('what the gateway advertises; default the /24 of the first address'),
          listens: listens.exactOptional(),
        }),
      )
      .exactOptional()
      .describe('hosts behind a virtual network gateway'),
  }).describe('hosts that are no nodes of the cluster'),
);
