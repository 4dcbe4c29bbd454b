import type { Mac } from '../../wire/mac.ts';
import type { Prefix } from '../../wire/prefix.ts';
import type { CniAddress } from '../plugin.ts';

/** One entry of `Endpoints`. The key in the file is `id`. */
export interface AzureVnetEndpoint {
  /** The first eight digits of the container id and the interface, `ee86fb8b-eth0`. */
  readonly id: string;
  readonly containerId: string;
  readonly hostLink: string;
  readonly mac: Mac;
  readonly ip: CniAddress;
  readonly netns: string;
  readonly pod: { readonly namespace: string; readonly name: string };
}

/** What /var/run/azure-vnet.json says of the one network `azure` on the one external interface. */
export interface AzureVnetState {
  readonly master: string;
  readonly masterMac: Mac;
  readonly subnet: Prefix;
  endpoints: readonly AzureVnetEndpoint[];
}
