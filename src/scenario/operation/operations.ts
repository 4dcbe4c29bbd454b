import { setProbeHealth } from './azure/backends.ts';
import { addPeeringOperation, nicForwarding, removePeeringOperation, setPeering } from './azure/network.ts';
import { addNsgRuleOperation, attachNsg, detachNsg, removeNsgRuleOperation } from './azure/nsg.ts';
import { addUdrOperation, attachRouteTable, changeUdr, detachRouteTable, removeUdrOperation } from './azure/routes.ts';
import { pauseAgentOperation, resumeAgentOperation } from './cluster/agents.ts';
import { setMasqConfig } from './cluster/masq.ts';
import { addNodeOperation, deleteNodeOperation } from './cluster/nodes.ts';
import {
  addPod,
  addService,
  applyObject,
  deleteObject,
  deletePodOperation,
  deleteServiceOperation,
  patchService,
  scale,
  setReadyOperation,
} from './cluster/objects.ts';
import { openFlows } from './flows.ts';
import { flushConntrack } from './host/conntrack.ts';
import { flushBridgeChain } from './host/ebtables.ts';
import { appendRule, applyIptables, deleteRule, flushChain, insertRule, setPolicy } from './host/iptables.ts';
import { linkDown, linkUp, setHairpin, setMacOperation, setMtuOperation, setPromisc } from './host/links.ts';
import { deleteNeighbourOperation, setNeighbour } from './host/neighbours.ts';
import { addRouteOperation, addRuleOperation, deleteRouteOperation, deleteRuleOperation, replaceRouteOperation } from './host/routes.ts';
import { listen, stopListening } from './host/sockets.ts';
import { setSysctlOperation } from './host/sysctl.ts';
import type { Operation } from './operation.ts';

/** Every operation that a step may name. */
export const OPERATIONS: readonly Operation[] = [
  linkUp,
  linkDown,
  setMtuOperation,
  setMacOperation,
  setPromisc,
  setHairpin,
  addRouteOperation,
  replaceRouteOperation,
  deleteRouteOperation,
  addRuleOperation,
  deleteRuleOperation,
  setNeighbour,
  deleteNeighbourOperation,
  setSysctlOperation,
  insertRule,
  appendRule,
  deleteRule,
  setPolicy,
  flushChain,
  applyIptables,
  flushBridgeChain,
  flushConntrack,
  listen,
  stopListening,
  addUdrOperation,
  changeUdr,
  removeUdrOperation,
  attachRouteTable,
  detachRouteTable,
  addNsgRuleOperation,
  removeNsgRuleOperation,
  attachNsg,
  detachNsg,
  nicForwarding,
  addPeeringOperation,
  removePeeringOperation,
  setPeering,
  setProbeHealth,
  addPod,
  addService,
  applyObject,
  deletePodOperation,
  deleteServiceOperation,
  deleteObject,
  patchService,
  scale,
  setReadyOperation,
  addNodeOperation,
  deleteNodeOperation,
  pauseAgentOperation,
  resumeAgentOperation,
  setMasqConfig,
  openFlows,
];
