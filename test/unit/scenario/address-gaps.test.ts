import { expect, test } from 'vitest';
import { loadScenario } from '../../../src/scenario/load.ts';
import { NO_FILES } from '../../../src/scenario/source/files.ts';
import { validateScenario } from '../../../src/scenario/validate.ts';

const TEXT = `cluster: { mode: azure }
azure:
  nsgs:
    - name: company
      subnets: [aks-subnet]
      rules:
        - { name: out, priority: 200, direction: Outbound, access: Allow, destination: [Storage, 10.0.0.0/8] }
        - { name: in, priority: 210, direction: Inbound, access: Allow, source: Internt }
        - { name: fine, priority: 220, direction: Inbound, access: Allow, source: VirtualNetwork, destination: AzurePlatformDNS }
  routeTables:
    - { name: table, subnets: [aks-subnet], routes: [{ name: cloud, to: AzureCloud, nextHopType: Internet }] }
steps:
  - add-udr: { table: table, route: { name: sql, to: Sql, nextHopType: None } }
  - remove-udr: { table: table, route: sql }
`;

test('validate lists the service tags of rules and routes that nobody knows the addresses of', () => {
  const { unknown } = validateScenario(loadScenario({ file: 'case.yaml', text: TEXT }, NO_FILES));
  expect(unknown.map(({ place, text }) => `${place?.line}:${place?.col} ${text}`)).toEqual([
    '7:89 NSG company: rule out names service tag Storage, whose addresses are not known',
    '8:81 NSG company: rule in names service tag Internt, whose addresses are not known; did you mean "Internet"?',
    '11:73 route table table: route cloud names service tag AzureCloud, whose addresses are not known',
    '13:54 route table table: route sql names service tag Sql, whose addresses are not known',
  ]);
});

test('a tag that a step brings is told where the step is', () => {
  const text = `cluster: { mode: azure }
azure:
  routeTables:
    - { name: table, subnets: [aks-subnet], routes: [{ name: cloud, to: 10.50.0.0/16, nextHopType: None }] }
steps:
  - change-udr: { table: table, route: { name: cloud, to: Sql, nextHopType: None } }
`;
  const { unknown } = validateScenario(loadScenario({ file: 'case.yaml', text }, NO_FILES));
  expect(unknown.map(({ place }) => place?.line)).toEqual([6]);
});
