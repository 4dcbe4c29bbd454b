import { describe, expect, test } from 'vitest';
import { parseProbeLine } from '../../../src/scenario/probe-line.ts';
import { openScenario } from '../../../src/scenario/open.ts';
import { problemsOf } from './input.ts';

const TEXT = `cluster: { mode: azure }
pods: [{ name: client, node: 0 }, { name: dns, node: 1, listens: [tcp/80, tcp/81, udp/53] }]
services: [{ name: dns, ports: [80, 81, udp/53] }]
outside: { vms: [{ name: jump, publicIp: 198.51.100.7, listens: [tcp/22] }] }
`;
const twin = openScenario(TEXT);
const from = 'default/client';
const line = (fields: object): object =>
  parseProbeLine(JSON.stringify({ from, proto: 'tcp', dst: 'default/dns:80', ...fields }), twin.world);

test('a name that is nowhere is said with what there is, and where there is nothing, with that', () => {
  const said = (asked: object): unknown => line({ ...asked });
  expect(said({ from: 'internet/nope' })).toMatchObject({ message: expect.stringContaining('there is no host internet/nope') as unknown });
  expect(said({ from: 'onprem/nope' })).toMatchObject({ message: expect.stringContaining('internet/internet') as unknown });
  const bare = openScenario('cluster: { mode: azure }\n').world;
  const { message } = { message: '', ...parseProbeLine('{"from":"default/x","proto":"icmp","dst":"10.0.0.1"}', bare) };
  expect(message).toContain('there is no pod at all');
});

describe("a port behind the sender's name", () => {
  test('is the source port', () => {
    expect(twin.trace({ from: 'default/client:5555', to: 'default/dns:80' }).probe.sport).toBe(5555);
    expect(line({ from: 'default/client:5555' })).toMatchObject({ probe: { sport: 5555 } });
    expect(line({ from: 'default/client:5555', sport: 5555 })).toMatchObject({ probe: { sport: 5555 } });
  });

  test('can not differ from the source port that is asked for', () => {
    const message = expect.stringMatching(/^sport: .*5555.*5556/) as unknown;
    expect(line({ from: 'default/client:5555', sport: 5556 })).toMatchObject({ message });
    const check = '{ from: "default/client:5555", to: "default/dns:80", send: { sport: 5556 } }';
    expect(problemsOf(`${TEXT}checks:\n  - ${check}\n`)).toEqual([expect.stringMatching(/^case\.yaml:6:73: sport: /)]);
  });

  test('means nothing for ICMP', () => {
    expect(line({ from: 'default/client:5555', proto: 'icmp', dst: 'default/dns' })).toMatchObject({
      message: expect.stringContaining('ICMP') as unknown,
    });
  });
});

test('port 0 is refused, an ICMP identifier 0 is not', () => {
  for (const proto of ['tcp', 'udp'])
    expect(line({ proto, sport: 0 })).toMatchObject({ message: expect.stringMatching(/^sport: /) as unknown });
  expect(line({ proto: 'icmp', dst: 'default/dns', sport: 0 })).toMatchObject({ probe: { sport: 0 } });
});

test('two ports that differ for one target are an error', () => {
  expect(line({ dport: 81 })).toMatchObject({ message: 'dport is 81, and dst says 80' });
  expect(line({ dport: 80 })).toMatchObject({ probe: { dport: 80 } });
});

describe('a service with several ports', () => {
  test('can be pinged without naming one', () => {
    expect(twin.trace({ from, to: 'svc/default/dns', proto: 'icmp' }).probe).toMatchObject({ proto: 'icmp' });
  });

  test('needs none where only one port speaks the protocol', () => {
    expect(twin.trace({ from, to: 'svc/default/dns', proto: 'udp' })).toMatchObject({ outcome: 'replied', probe: { dport: 53 } });
    expect(() => twin.trace({ from, to: 'svc/default/dns', proto: 'tcp' })).toThrow('has 3 ports');
    expect(() => twin.trace({ from, to: 'svc/default/dns' })).toThrow('has 3 ports');
  });
});

test('a virtual machine with a public address is that address from the internet', () => {
  expect(twin.trace({ from: 'internet', to: 'vm/jump:22' }).probe.dst).toBe('198.51.100.7');
  expect(twin.trace({ from, to: 'vm/jump:22' }).probe.dst).toMatch(/^10\./);
});
