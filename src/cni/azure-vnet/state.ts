import type { Mac } from '../../wire/mac.ts';
import type { Prefix } from '../../wire/prefix.ts';

/**
 * What /var/run/azure-vnet.json says of the one network `azure` on the one external interface. Everything else that the file holds of an
 * endpoint is what the runtime keeps of the sandbox.
 */
export interface AzureVnetState {
  readonly master: string;
  readonly masterMac: Mac;
  readonly subnet: Prefix;
  /** The endpoints by their namespaces. In the file they are called by container id and interface, `ee86fb8b-eth0`. */
  endpoints: readonly string[];
}
