import * as azureVnet from './azure-vnet/azure-vnet.ts';
import * as bridge from './bridge/bridge.ts';
import type { Conflist } from './conflist.ts';
import type { CniArgs, CniEnv, CniOutcome, CniResult } from './plugin.ts';
import * as portmap from './portmap/portmap.ts';

/**
 * Calls the plug-ins of a list for a new sandbox, in order. When one fails the runtime calls DEL on all of them, as containerd does.
 * @returns the result that CHECK and DEL need later
 * @source containernetworking/cni libcni AddNetworkList
 */
export function addNetwork(env: CniEnv, conflist: Conflist, args: CniArgs): CniOutcome<CniResult> {
  const outcome = addMain(env, conflist, args);
  if (!outcome.ok) {
    delMain(env, conflist, args, null);
    return outcome;
  }
  for (const config of conflist.chained) portmap.add(env, conflist.name, config, args, outcome.value);
  return outcome;
}

/** Calls the plug-ins in the reverse order. A plug-in that finds nothing to undo is content. @source libcni DelNetworkList */
export function delNetwork(env: CniEnv, conflist: Conflist, args: CniArgs, result: CniResult | null): void {
  for (const _ of conflist.chained) portmap.del(env, conflist.name, args);
  delMain(env, conflist, args, result);
}

/** Whether everything that ADD made is still there; otherwise the first plug-in's complaint. @source libcni CheckNetworkList */
export function checkNetwork(env: CniEnv, conflist: Conflist, args: CniArgs, result: CniResult): string | null {
  const { main } = conflist;
  const complaint = main.type === 'azure-vnet' ? azureVnet.check(env, main, args, result) : bridge.check(env, main, args, result);
  if (complaint !== null) return complaint;
  for (const config of conflist.chained) {
    const missing = portmap.check(env, conflist.name, config, args, result);
    if (missing !== null) return missing;
  }
  return null;
}

function addMain(env: CniEnv, { main }: Conflist, args: CniArgs): CniOutcome<CniResult> {
  return main.type === 'azure-vnet' ? azureVnet.add(env, main, args) : bridge.add(env, main, args);
}

function delMain(env: CniEnv, { main }: Conflist, args: CniArgs, result: CniResult | null): void {
  if (main.type === 'azure-vnet') azureVnet.del(env, main, args, result);
  else bridge.del(env, main, args);
}
