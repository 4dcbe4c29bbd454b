import { ip } from '../wire/ipv4.ts';
import { DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import type { Fabric } from './fabric.ts';

const MSS_DELTA_BYTES = 50;
/** VMs have this MTU on their NICs. @source virtual-network-tcpip-performance-tuning */
const MTU_BYTES = 1500;
/** @source virtual-machine-network-throughput */
const FLOWS_PER_NIC = 500_000;

/** The host that stands for the internet where a scenario names none; from the documentation range. */
const INTERNET_HOST = 'internet';

/** A fabric without any network, and with one host on the internet. */
export function emptyFabric(): Fabric {
  return {
    vnets: [],
    nics: [],
    routeTables: [],
    nsgs: [],
    peerings: [],
    loadBalancers: [],
    natGateways: [],
    overlays: [],
    caMap: [],
    gateways: [],
    privateEndpoints: [],
    externalHosts: [{ name: INTERNET_HOST, kind: 'internet', addrs: [ip('203.0.113.10')], machine: null }],
    serviceTags: [],
    mssDeltaBytes: MSS_DELTA_BYTES,
    mtuBytes: MTU_BYTES,
    defaultOutboundIp: ip('198.51.100.254'),
    limits: { flowsPerNic: FLOWS_PER_NIC },
    assumptions: { ...DEFAULT_ASSUMPTIONS },
  };
}

/** Freezes a fabric deeply, so that packets may cross it. Returns the same object. */
export function freezeFabric(fabric: Fabric): Fabric {
  freeze(fabric);
  return fabric;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
