import * as azureCns from './azure-cns/azure-cns.ts';
import * as azureVnetIpam from './azure-vnet-ipam/azure-vnet-ipam.ts';
import type { AzureVnetConfig, BridgeConfig } from './conflist.ts';
import * as hostLocal from './host-local/host-local.ts';
import type { CniAddress, CniArgs, CniEnv, CniOutcome } from './plugin.ts';

/** The `ipam` section of a main plug-in. */
export type IpamConfig = AzureVnetConfig['ipam'] | BridgeConfig['ipam'];

/** Calls the IPAM plug-in's ADD. */
export function addAddress(env: CniEnv, config: IpamConfig, args: CniArgs): CniOutcome<CniAddress> {
  switch (config.type) {
    case 'azure-vnet-ipam':
      return azureVnetIpam.add(env, args);
    case 'azure-cns':
      return azureCns.add(env, args);
    case 'host-local':
      return hostLocal.add(env, config, args);
  }
}

/** Calls the IPAM plug-in's DEL. */
export function delAddress(env: CniEnv, config: IpamConfig, args: CniArgs): void {
  switch (config.type) {
    case 'azure-vnet-ipam':
      return azureVnetIpam.del(env, args);
    case 'azure-cns':
      return azureCns.del(env, args);
    case 'host-local':
      return hostLocal.del(env, args);
  }
}

/** Calls the IPAM plug-in's CHECK. @returns its complaint, or null */
export function checkAddress(env: CniEnv, config: IpamConfig, args: CniArgs, address: CniAddress): string | null {
  switch (config.type) {
    case 'azure-vnet-ipam':
      return azureVnetIpam.check(env, args, address);
    case 'azure-cns':
      return azureCns.check(env, args, address);
    case 'host-local':
      return hostLocal.check(env, args);
  }
}
