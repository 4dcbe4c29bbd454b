import { addPeeringHalves, nicName } from '../../aks/build/fabric.ts';
import { DEFAULT_INTERNET, addOutsideHost, advertise } from '../../aks/build/outside.ts';
import { findMode } from '../../aks/modes/modes.ts';
import { clusterNetwork } from '../../aks/plan/network.ts';
import { type ClusterProblem, problem } from '../../aks/problem.ts';
import type { OutsideSpec } from '../../aks/spec.ts';
import { addExternalHost, addSubnet, addVnet } from '../../azure/edit-network.ts';
import type { Fabric } from '../../azure/fabric.ts';
import { NO_OBJECTS } from '../../kube/objects/cluster-objects.ts';
import { DEFAULT_KERNEL_PROFILE } from '../../linux/kernel-profile.ts';
import { type Host, ROOT } from '../../linux/netns.ts';
import { prefix } from '../../wire/prefix.ts';
import type { World } from '../../world/world.ts';
import { addAzurePieces } from '../build/azure.ts';
import { clusterSpec, outsidePath, outsideSpecs } from '../build/cluster-spec.ts';
import type { AzureSection } from '../schema/azure.ts';
import type { ClusterSection } from '../schema/cluster.ts';
import type { OutsideSection } from '../schema/outside.ts';
import type { Problem } from '../source/problem.ts';
import type { Path } from '../source/yaml.ts';
import { recalledCluster } from './cluster-memory.ts';
import { applyFacts, danglingFacts } from './fabric-facts.ts';
import type { LoadedFacts, Memory, SnapshotFacts } from './facts.ts';
import { recallHost } from './host-memory.ts';

/** Puts the facts of podwalk.json into the World that dumps gave. */
export class Composition {
  readonly notes: string[] = [];
  readonly #world: World;
  readonly #facts: SnapshotFacts;
  readonly #loaded: LoadedFacts | null;
  readonly #problems: Problem[];

  constructor(world: World, loaded: LoadedFacts | null, problems: Problem[]) {
    this.#world = world;
    this.#facts = loaded?.facts ?? {};
    this.#loaded = loaded;
    this.#problems = problems;
  }

  compose(): void {
    const { cluster, outside = {}, azure, fabric: facts, memory = {} } = this.#facts;
    const { fabric } = this.#world;
    if (fabric === null) this.#withoutFabric();
    else {
      if (azure !== undefined) this.#azure(fabric, azure);
      if (facts !== undefined) {
        for (const { path, message, expected } of danglingFacts(fabric, facts)) this.#complain(['fabric', ...path], message, expected);
        if (this.#problems.length > 0) return;
        applyFacts(fabric, facts);
      }
    }
    if (cluster !== undefined) this.#cluster(cluster);
    if (fabric !== null) this.#outside(fabric, outside, facts?.externalHosts === undefined);
    this.#remember(memory);
  }

  #complain(path: Path, message: string, expected: string): void {
    if (this.#loaded === null) return;
    const { document } = this.#loaded;
    this.#problems.push({ file: document.file, ...document.at(path), message, expected });
  }

  #withoutFabric(): void {
    for (const section of ['outside', 'azure', 'fabric'] as const) {
      if (this.#facts[section] === undefined) continue;
      this.#complain([section], 'this snapshot has no Azure fabric', 'the lists of az network … in azure/, vnet.json at least');
    }
  }

  #azure(fabric: Fabric, azure: AzureSection): void {
    for (const [i, vnet] of (azure.vnets ?? []).entries()) {
      if (fabric.vnets.some(({ name }) => name === vnet.name)) {
        this.#complain(['azure', 'vnets', i, 'name'], `azure/vnet.json has a network ${vnet.name}`, 'a name of its own');
        continue;
      }
      addVnet(fabric, { name: vnet.name, prefixes: vnet.prefixes.map(prefix) });
      for (const [n, subnet] of vnet.subnets.entries()) {
        if (vnet.subnets.findIndex(({ name }) => name === subnet.name) === n)
          addSubnet(fabric, vnet.name, { name: subnet.name, prefix: prefix(subnet.prefix) });
        else this.#complain(['azure', 'vnets', i, 'subnets', n], `two subnets are called ${subnet.name}`, 'a name of its own');
      }
    }
    for (const [i, peering] of (azure.peerings ?? []).entries()) {
      const missing = [peering.vnet, peering.remote].find((name) => !fabric.vnets.some((vnet) => vnet.name === name));
      const twice = fabric.peerings.some(({ vnet, remote }) => {
        const same = vnet === peering.vnet && remote === peering.remote;
        return same || (peering.both !== false && vnet === peering.remote && remote === peering.vnet);
      });
      if (missing !== undefined)
        this.#complain(['azure', 'peerings', i], `there is no virtual network ${missing}`, 'a network of azure/vnet.json');
      else if (twice) this.#complain(['azure', 'peerings', i], 'azure/peering.json has this peering', 'a peering that it does not have');
      else addPeeringHalves(fabric, peering);
    }
    if (azure.mssDeltaBytes !== undefined) fabric.mssDeltaBytes = azure.mssDeltaBytes;
    addAzurePieces(this.#world, azure, (path, message, expected) => this.#complain(path, message, expected));
  }

  /** What somebody says about a dumped cluster: its ranges, and who carries packets between its pods. */
  #cluster(given: ClusterSection): void {
    const { cluster, fabric } = this.#world;
    const mode = findMode(given.mode);
    if (mode === undefined) return this.#complain(['cluster', 'mode'], 'there is no such network mode', 'kubenet, azure or overlay');
    if (cluster === null) return this.#complain(['cluster'], 'this snapshot has no cluster', 'its objects in kube/');
    const network = clusterNetwork(clusterSpec({}, given, NO_OBJECTS), mode);
    const known = cluster.network;
    const { podCidr, serviceCidr, dnsServiceIp, maxPods } = network;
    this.#world.cluster = {
      ...cluster,
      name: given.name ?? cluster.name,
      network: { ...known, podCidr, serviceCidr, dnsServiceIp, maxPods },
    };
    if (fabric === null) return;
    if (this.#facts.fabric?.mssDeltaBytes === undefined && this.#facts.azure?.mssDeltaBytes === undefined)
      fabric.mssDeltaBytes = mode.mssDeltaBytes;
    if (mode.podRouting !== 'overlay' || podCidr === null || fabric.overlays.length > 0) return;
    const nodes = Object.values(cluster.nodes).flatMap((node) =>
      node.nic === '' || node.podCidr === null ? [] : [{ nic: node.nic, prefixes: [node.podCidr] }],
    );
    fabric.overlays = [{ name: network.names.overlay, prefixes: [podCidr], nodes }];
  }

  /** Hosts outside: those that were dumped are only made known to the fabric, the others are made. */
  #outside(fabric: Fabric, outside: OutsideSection, withDefault: boolean): void {
    const specs = outsideSpecs(outside);
    const subnet = this.#world.cluster?.network.subnet ?? '';
    const vnet = subnet.split('/')[0] ?? '';
    const defaults = {
      subnet: subnet === '' ? firstSubnet(fabric) : subnet,
      vnet: vnet === '' ? (fabric.vnets[0]?.name ?? '') : vnet,
      kernel: DEFAULT_KERNEL_PROFILE,
    };
    for (const [i, spec] of specs.entries()) {
      const machine = Object.hasOwn(this.#world.machines, spec.name) ? this.#world.machines[spec.name] : undefined;
      const path = ['outside', i];
      const problems = nameTaken(fabric, spec)
        ? [problem(path, `the fabric has a ${spec.name} already`, 'a name of its own')]
        : machine === undefined
          ? addOutsideHost(this.#world, fabric, spec, defaults, path)
          : joinDumped(fabric, machine, spec, defaults, path);
      for (const { message, expected } of problems) this.#complain(['outside', ...outsidePath(i, outside)], message, expected);
    }
    if (!withDefault) return;
    for (const host of Object.values(this.#world.machines)) joinByKind(fabric, host);
    if (fabric.externalHosts.some(({ kind }) => kind === 'internet')) return;
    const refused = addOutsideHost(this.#world, fabric, DEFAULT_INTERNET, defaults, []);
    if (refused.length > 0) this.notes.push(`no host stands for the internet: ${refused.map(({ message }) => message).join('; ')}`);
  }

  #remember({ machines = {}, cluster }: Memory): void {
    for (const [name, memory] of Object.entries(machines)) {
      const host = Object.hasOwn(this.#world.machines, name) ? this.#world.machines[name] : undefined;
      if (host === undefined) this.#complain(['memory', 'machines', name], `there is no machine ${name}`, 'a machine of snapshot.json');
      else recallHost(host, memory);
    }
    if (cluster === undefined) return;
    const path = ['memory', 'cluster', 'nodes'];
    for (const [name, node] of Object.entries(cluster.nodes)) {
      if (!Object.hasOwn(this.#world.machines, node.machine))
        this.#complain([...path, name, 'machine'], `there is no machine ${node.machine}`, 'a machine of snapshot.json');
    }
    if (this.#world.fabric === null)
      this.#complain(['memory', 'cluster'], 'this snapshot has no Azure fabric', 'the lists of az network … in azure/');
    this.#world.cluster = recalledCluster(cluster, this.#world.cluster?.objects ?? NO_OBJECTS);
  }
}

function firstSubnet({ vnets }: Fabric): string {
  const [vnet] = vnets;
  const [subnet] = vnet?.subnets ?? [];
  return vnet === undefined || subnet === undefined ? '' : `${vnet.name}/${subnet.name}`;
}

/** A dumped machine that snapshot.json calls a host outside has the addresses of its network card. */
function joinByKind({ externalHosts }: Fabric, { name, kind, netns }: Host): void {
  if ((kind !== 'internet' && kind !== 'onprem') || externalHosts.some((host) => host.name === name)) return;
  const links = Object.hasOwn(netns, ROOT) ? (netns[ROOT]?.links ?? []) : [];
  const card = links.find(
    (link) => link.kind.type === 'end' && link.kind.wire === null && link.kind.nic === null && link.addresses.length > 0,
  );
  if (card !== undefined)
    externalHosts.push({ name, kind, addrs: card.addresses.map(({ local }) => local), machine: `${name}/${ROOT}/${card.name}` });
}

/** Whether a host outside, or the NIC that it would get, is there under that name. */
function nameTaken({ externalHosts, nics }: Fabric, spec: OutsideSpec): boolean {
  return spec.kind === 'vm' ? nics.some(({ name }) => name === nicName(spec.name)) : externalHosts.some(({ name }) => name === spec.name);
}

/** Tells the fabric of a host outside whose machine was dumped. */
function joinDumped(
  fabric: Fabric,
  host: Host,
  spec: OutsideSpec,
  defaults: { readonly vnet: string },
  path: readonly (string | number)[],
): ClusterProblem[] {
  // Its NIC says all.
  if (spec.kind === 'vm') return [];
  const { kind, name, addrs } = spec;
  const links = Object.hasOwn(host.netns, ROOT) ? (host.netns[ROOT]?.links ?? []) : [];
  const link = links.find(({ kind: { type }, addresses }) => type === 'end' && addresses.some(({ local }) => addrs.includes(local)));
  addExternalHost(fabric, { name, kind, addrs: [...addrs], machine: link === undefined ? null : `${host.name}/${ROOT}/${link.name}` });
  return spec.kind === 'onprem' ? advertise(fabric, spec, defaults, path) : [];
}
