import type { Netns } from '../../linux/netns.ts';
import { TABLE_MAIN } from '../../linux/route.ts';
import { drawIpsets } from './ipsets.ts';
import { addRandomNeighbour, addRandomProxy } from './neighbours.ts';
import { addPolicyRules } from './policy-rules.ts';
import { addRandomRoute, appendRandomRoute, dropUnreachableGateways } from './routes.ts';
import { drawRuleSet, install } from './rules/rule-set.ts';
import { drawService } from './rules/services.ts';
import { type Scene, VIRTUAL } from './scene.ts';
import { writeRandomSysctl } from './sysctls.ts';
import { AMOUNTS, BOTH_BACK_ENDS, LEGACY, RULED } from './weights.ts';

/** Makes a plain network an odd one. */
export function decorate(scene: Scene): void {
  const { dice, lab, hosts, routers } = scene;
  const somewhere = (): Scene['hosts'][number] => (dice.chance(0.65) && routers.length > 0 ? dice.pick(routers) : dice.pick(hosts));
  const times = (kind: keyof typeof AMOUNTS, what: () => void): void => {
    for (let i = dice.weighted(AMOUNTS[kind]); i > 0; i--) what();
  };
  times('routes', () => {
    addRandomRoute(scene, somewhere(), TABLE_MAIN);
  });
  times('appended', () => {
    appendRandomRoute(scene, somewhere());
  });
  times('policies', () => {
    addPolicyRules(scene, somewhere());
  });
  for (const netns of lab.all) dropUnreachableGateways(netns);
  times('neighbours', () => {
    addRandomNeighbour(scene);
  });
  times('proxies', () => {
    addRandomProxy(scene);
  });
  times('sysctls', () => {
    writeRandomSysctl(scene);
  });
  const serving = dice.pickOrNull(routers);
  const isAsked = scene.flows.some(({ dst }) => VIRTUAL.includes(dst));
  if (serving !== null && dice.chance(isAsked ? 0.75 : 0.1)) install(serving, drawService(scene));
  const ruled = dice.shuffled(lab.all).sort((a, b) => Number(routers.includes(b)) - Number(routers.includes(a)) || 0);
  const chosen = dice.chance(0.6) ? ruled : dice.shuffled(lab.all);
  for (const netns of chosen.slice(0, dice.weighted(RULED))) install(netns, drawRuleSet(scene, netns, drawIpsets(scene, netns)));
  for (const netns of lab.all) {
    if (!dice.chance(LEGACY) || Object.keys(netns.iptables).length === 0) continue;
    useLegacy(netns);
    if (dice.chance(BOTH_BACK_ENDS)) install(netns, drawRuleSet(scene, netns, []));
  }
}

/** As where iptables is iptables-legacy. */
function useLegacy(netns: Netns): void {
  netns.iptablesLegacy = netns.iptables;
  netns.iptables = {};
}
