import { addressesOf, PORTS, type Scene, VIRTUAL } from '../scene.ts';

const MASQUERADE_MARK = '0x4000/0x4000';

/**
 * A virtual address spread over some hosts, as kube-proxy writes it: with the way back through this host where it must be, a port of the
 * host itself that leads there too, and an answer where nobody is behind it.
 */
export function drawService(scene: Scene): string {
  const { dice, hosts, flows } = scene;
  const wanted = flows.filter(({ dst, proto }) => VIRTUAL.includes(dst) && proto !== 'icmp');
  const flow = dice.pickOrNull(wanted);
  const proto = flow?.proto === 'udp' || (flow === null && dice.chance(0.5)) ? 'udp' : 'tcp';
  const vip = flow?.dst ?? dice.pick(VIRTUAL);
  const port = flow?.dport ?? dice.pick(PORTS[proto]);
  const candidates = hosts.flatMap(addressesOf).filter((address) => !address.startsWith('169.254.'));
  const endpoints = dice.shuffled(candidates).slice(
    0,
    dice.weighted([
      [0, 1],
      [1, 4],
      [2, 5],
      [3, 1],
    ]),
  );
  const to = `-d ${vip}/32 -p ${proto} -m ${proto} --dport ${port}`;
  const rules: string[] = [];
  const chains = ['SVC', ...endpoints.map((_, i) => `SEP-${i}`)];
  const lead = endpoints.length === 0 ? [] : ['PREROUTING', ...(dice.chance(0.85) ? ['OUTPUT'] : [])];
  for (const hook of lead) {
    rules.push(`-A ${hook} ${to} -m comment --comment "default/web cluster IP" -j SVC`);
    if (dice.chance(0.3)) rules.push(`-A ${hook} -p ${proto} -m ${proto} --dport 30080 -m addrtype --dst-type LOCAL -j SVC`);
  }
  if (lead.length > 0)
    rules.push(`-A POSTROUTING -m mark --mark ${MASQUERADE_MARK} -j MASQUERADE${dice.chance(0.2) ? ' --random-fully' : ''}`);
  rules.push(
    ...dice.weighted<string[]>([
      [[], 4],
      [[`-A SVC ! -s ${candidates[0] ?? vip}/24 -j MARK --set-xmark ${MASQUERADE_MARK}`], 4],
      [[`-A SVC -j MARK --set-xmark ${MASQUERADE_MARK}`], 2],
    ]),
  );
  endpoints.forEach((address, i) => {
    const rest = endpoints.length - i;
    const share = rest === 1 ? '' : ` -m statistic --mode nth --every ${rest} --packet 0`;
    rules.push(`-A SVC${share} -j SEP-${i}`);
    if (dice.chance(0.85)) rules.push(`-A SEP-${i} -s ${address}/32 -j MARK --set-xmark ${MASQUERADE_MARK}`);
    rules.push(
      `-A SEP-${i} -p ${proto} -m ${proto} -j DNAT --to-destination ${address}:${dice.chance(0.8) ? port : dice.pick(PORTS[proto])}`,
    );
  });
  const nat = ['*nat', ...chains.map((chain) => `:${chain} - [0:0]`), ...rules, 'COMMIT'];
  const without = [
    '*filter',
    `-A FORWARD ${to} -j REJECT --reject-with icmp-port-unreachable`,
    `-A OUTPUT ${to} -j REJECT --reject-with icmp-port-unreachable`,
    'COMMIT',
  ];
  const established = [
    '*filter',
    '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    'COMMIT',
  ];
  const parts = [nat, ...(endpoints.length === 0 ? [without] : []), ...(dice.chance(0.3) ? [established] : [])];
  return parts.map((lines) => `${lines.join('\n')}\n`).join('');
}
