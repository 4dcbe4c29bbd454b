import type { Considered } from '../trace/trace.ts';
import type { CompiledNsg, CompiledRule, PlatformTag, RuleChain } from './compiled-nsg.ts';
import { type Crossing, drop, flowText, unknown } from './crossing.ts';
import type { NicView, SubnetView } from './fabric-index.ts';
import { nearMisses, ruleText } from './nsg-considered.ts';
import { type TagScope, decide, decidePlatform } from './nsg-match.ts';
import { VIA_SNAT, admitIn, admitOut, flowLimit } from './nic-flows.ts';
import type { AzureDropReason, FabricResult, FabricStage } from './result.ts';

interface Place {
  readonly stage: FabricStage;
  readonly reason: AzureDropReason;
}

const OUT_NIC: Place = { stage: 'azure:nsg-out-nic', reason: 'AZURE_NSG_OUT_NIC' };
const OUT_SUBNET: Place = { stage: 'azure:nsg-out-subnet', reason: 'AZURE_NSG_OUT_SUBNET' };
const IN_SUBNET: Place = { stage: 'azure:nsg-in-subnet', reason: 'AZURE_NSG_IN_SUBNET' };
const IN_NIC: Place = { stage: 'azure:nsg-in-nic', reason: 'AZURE_NSG_IN_NIC' };

/**
 * NSGs on the way out: the NIC's, then the subnet's; both must allow. A connection that is known passes without a look at the rules.
 * @param known what the NIC remembers of the connection, 0 for nothing
 * @returns null when the packet passes
 * @source network-security-group-how-it-works
 */
export function nsgOut(c: Crossing, nic: NicView, subnet: SubnetView, known: number): FabricResult | null {
  if (nic.nsg === null && subnet.nsg === null) return null;
  if (known !== 0) return passKnown(c, nic.nsg === null ? OUT_SUBNET.stage : OUT_NIC.stage);
  const denied =
    (nic.nsg === null ? null : ask(c, OUT_NIC, nic.nsg, nic.nsg.outbound, nic.scope)) ??
    (subnet.nsg === null ? null : ask(c, OUT_SUBNET, subnet.nsg, subnet.nsg.outbound, nic.scope));
  if (denied !== null) return denied;
  return admitOut(c, nic, 0) ? null : atLimit(c, nic, OUT_NIC.stage);
}

/** NSGs on the way in: the subnet's, then the NIC's. `flags` and `record` go into the NIC's memory of a new connection. */
export function nsgIn(c: Crossing, nic: NicView, subnet: SubnetView, known: number, flags: number, record: number): FabricResult | null {
  if ((flags & VIA_SNAT) !== 0) return passKnown(c, IN_SUBNET.stage);
  if (nic.nsg === null && subnet.nsg === null) return flags === 0 || admitIn(c, nic, flags, record) ? null : atLimit(c, nic, IN_NIC.stage);
  if (known !== 0) {
    if (flags !== 0) admitIn(c, nic, flags, record);
    return passKnown(c, subnet.nsg === null ? IN_NIC.stage : IN_SUBNET.stage);
  }
  const denied =
    (subnet.nsg === null ? null : ask(c, IN_SUBNET, subnet.nsg, subnet.nsg.inbound, nic.scope)) ??
    (nic.nsg === null ? null : ask(c, IN_NIC, nic.nsg, nic.nsg.inbound, nic.scope));
  if (denied !== null) return denied;
  return admitIn(c, nic, flags, record) ? null : atLimit(c, nic, IN_NIC.stage);
}

/** Platform traffic meets only the rules that name its tag. */
export function nsgPlatform(c: Crossing, nic: NicView, subnet: SubnetView, tag: PlatformTag): FabricResult | null {
  return askPlatform(c, OUT_NIC, nic.nsg, nic.scope, tag) ?? askPlatform(c, OUT_SUBNET, subnet.nsg, nic.scope, tag);
}

function askPlatform(c: Crossing, place: Place, nsg: CompiledNsg | null, scope: TagScope, tag: PlatformTag): FabricResult | null {
  const rule = nsg === null ? null : decidePlatform(nsg.outbound, c, scope, tag);
  return nsg === null || rule === null ? null : follow(c, place, nsg.outbound, rule, scope);
}

function ask(c: Crossing, place: Place, nsg: CompiledNsg, chain: RuleChain, scope: TagScope): FabricResult | null {
  const rule = decide(chain, c, scope);
  if (rule === null) return drop(c, place.stage, place.reason, `${nsg.name} has no rule for ${flowText(c)}`);
  if (rule.verdict === 'Allow' && c.steps === null) return null;
  return follow(c, place, chain, rule, scope);
}

function follow(c: Crossing, place: Place, chain: RuleChain, decided: CompiledRule, scope: TagScope): FabricResult | null {
  const { rule, nsg } = decided;
  const text = `NSG ${nsg}: rule ${rule.name} (${rule.priority}) ${rule.access === 'Allow' ? 'allows' : 'denies'} ${flowText(c)}`;
  if (decided.verdict === 'Unknown') return unknownRule(c, place, decided);
  if (c.steps !== null) {
    const tuple = { src: c.src, dst: c.dst, proto: c.proto, sport: c.sport, dport: c.dport };
    const considered = (): Considered[] => nearMisses(chain, decided, tuple, scope);
    c.steps.step({
      stage: place.stage,
      verb: rule.access === 'Allow' ? 'MATCHED' : 'DROPPED',
      text,
      azureRule: () => ({ nsg, rule: rule.name, priority: rule.priority, access: rule.access, text: ruleText(rule) }),
      ...(c.steps.detailed ? { considered } : {}),
      ...(rule.access === 'Allow' ? {} : { reason: place.reason }),
    });
  }
  return rule.access === 'Allow' ? null : { kind: 'drop', reason: place.reason, text, resetsSender: false };
}

function unknownRule(c: Crossing, place: Place, decided: CompiledRule): FabricResult {
  const match = decided.source.undecidable ?? decided.destination.undecidable;
  const isGroup = match?.kind === 'asg';
  const what = match?.kind === 'asg' ? `application security group ${match.asg}` : `service tag ${match?.kind === 'tag' ? match.tag : '?'}`;
  const text = `NSG ${decided.nsg}: rule ${decided.rule.name} names ${what}, whose addresses are not known`;
  return unknown(c, place.stage, isGroup ? 'AZURE_APPLICATION_SECURITY_GROUP' : 'AZURE_SERVICE_TAG', text);
}

function passKnown(c: Crossing, stage: FabricStage): null {
  if (c.steps !== null) c.steps.step({ stage, verb: 'TRACKED', text: `known connection passes the NSGs: ${flowText(c)}` });
  return null;
}

function atLimit(c: Crossing, nic: NicView, stage: FabricStage): FabricResult {
  return drop(c, stage, 'AZURE_FLOW_LIMIT', `${nic.nic.name} has ${flowLimit(c, nic)} connections already`);
}
