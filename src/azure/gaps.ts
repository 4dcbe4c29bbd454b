import { contains } from '../wire/prefix.ts';
import { type Crossing, unknown } from './crossing.ts';
import type { FabricGap } from './fabric.ts';
import type { NicView, SubnetView } from './fabric-index.ts';
import type { FabricResult, FabricStage } from './result.ts';

/** Ends a packet as UNKNOWN where its NIC or subnet has a part that is not known; null where all is known. */
export function gapAtNic(c: Crossing, nic: NicView, subnet: SubnetView, stage: FabricStage): FabricResult | null {
  const { gaps } = c.fabric;
  if (gaps === undefined) return null;
  const { name, subnet: home } = nic.nic;
  return ended(c, stage, gaps, ({ at }) =>
    at.kind === 'nic' ? at.nic === name : at.kind === 'subnet' && (at.subnet === subnet.id || at.subnet === home),
  );
}

/** The same for a packet that is sent to a public address, or from one. */
export function gapInPublic(c: Crossing): FabricResult | null {
  const { gaps } = c.fabric;
  return gaps === undefined ? null : ended(c, 'azure:public-ip', gaps, ({ at }) => at.kind === 'public');
}

function ended(c: Crossing, stage: FabricStage, gaps: readonly FabricGap[], concerns: (gap: FabricGap) => boolean): FabricResult | null {
  const gap = gaps.find((one) => concerns(one) && (one.to === undefined || contains(one.to, c.dst)));
  return gap === undefined ? null : unknown(c, stage, gap.reason, gap.text);
}
