import { describe, expect, test } from 'vitest';
import { problemsOf } from './input.ts';

const CLUSTER = 'cluster: { mode: azure }\n';

/** A bad input, where its first problem is, and words that its message holds. */
type Case = readonly [name: string, text: string, place: string, ...words: string[]];

const bomb = Array.from(
  { length: 9 },
  (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`,
).join('\n');

const YAML: readonly Case[] = [
  ['an empty file', '', '1:1', 'the file is empty', 'cluster'],
  ['nothing but comments', '# nothing\n', '1:1', 'the file is empty'],
  ['an empty document', '---\n...\n', '1:1', 'the file is empty'],
  ['an open bracket', 'cluster: [1\n', '2:1', 'flow'],
  ['a tab as indentation', 'cluster:\n\tmode: azure\n', '2:1', 'tab'],
  ['an open quote', 'name: "x\n', '2:1', 'quote'],
  ['the same key twice', `${CLUSTER}cluster: { mode: overlay }\n`, '2:1', '"cluster" appears twice'],
  ['a key inside that appears twice', 'cluster: { mode: azure, mode: overlay }\n', '1:25', '"mode" appears twice'],
  ['__proto__ as a field', `${CLUSTER}__proto__: { polluted: yes }\n`, '2:1', '"__proto__" is not allowed'],
  ['__proto__ deep inside', `${CLUSTER}pods: [{ name: a, labels: { __proto__: x } }]\n`, '2:29', '"__proto__" is not allowed'],
  ['an alias bomb', `${CLUSTER}${bomb}\n`, '6:20', 'MAX_ALIAS_VALUES'],
  ['an anchor inside itself', `cluster: &a { mode: azure, name: *a }\n`, '1:34', 'inside what it stands for'],
  ['an alias without anchor', 'cluster: *nowhere\n', '1:10', 'no anchor'],
  ['a deep nest of brackets', `name: ${'['.repeat(5000)}\n`, '1:70', 'MAX_DEPTH'],
  ['a deep nest of dashes', `${'- '.repeat(500)}x\n`, '1:129', 'MAX_DEPTH'],
  ['two scenarios in a file', `${CLUSTER}---\n${CLUSTER}`, '3:1', 'a second document'],
  ['a tag of its own', 'name: !secret x\n', '1:7', 'unresolved tag'],
  ['a binary value', 'name: !!binary aGVsbG8=\n', '1:16', 'kind'],
  ['a key that is a list', `${CLUSTER}? [a, b]\n: 1\n`, '2:3', 'key'],
  ['a scalar', 'hello\n', '1:1', 'expected a mapping'],
  ['a list', '- a\n- b\n', '1:1', 'expected a mapping'],
  ['bad indentation', 'cluster:\n  mode: azure\n name: x\n', '3:1', 'same column'],
  ['a merge key without a mapping', 'cluster: { <<: 1, mode: azure }\n', '1:12', 'merge key'],
];

const FIELDS: readonly Case[] = [
  ['an unknown field', `${CLUSTER}podz: []\n`, '2:1', 'unknown field "podz"', 'did you mean "pods"'],
  ['a field that only goes on', 'cluster: { mode: azure, node: 2 }\n', '1:25', '"node" in cluster', 'did you mean "nodes"'],
  ['a field that is not indented', 'cluster:\nmode: azure\n', '2:1', 'unknown field "mode"; is it to be indented below cluster?'],
  ['an unknown field inside', 'cluster: { mode: azure, nodse: 2 }\n', '1:25', '"nodse" in cluster', 'did you mean "nodes"'],
  ['a field that is like no other', `${CLUSTER}xyzzy: 1\n`, '2:1', 'expected one of', 'cluster'],
  ['an escape sequence as a field', `${CLUSTER}"\\e[31mred": 1\n`, '2:1', String.raw`\u{1b}`],
  ['a missing cluster', 'name: x\n', '1:1', 'no cluster', 'mode: overlay'],
  ['a missing mode', 'cluster: { nodes: 2 }\n', '1:10', 'cluster.mode is missing'],
  ['a mode that does not exist', 'cluster: { mode: flannel }\n', '1:18', 'mode', 'kubenet'],
  ['a mode that is a number', 'cluster: { mode: 7 }\n', '1:18', 'cluster.mode is 7', 'text'],
  ['nodes in words', 'cluster: { mode: azure, nodes: two }\n', '1:32', '"two"', 'number'],
  ['no node', 'cluster: { mode: azure, nodes: 0 }\n', '1:32', 'at least 1'],
  ['half a node', 'cluster: { mode: azure, nodes: 1.5 }\n', '1:32', 'number'],
  ['a million nodes', 'cluster: { mode: azure, nodes: 1000000 }\n', '1:32', 'MAX_NODES'],
  ['infinitely many nodes', 'cluster: { mode: azure, nodes: 1e999 }\n', '1:32', 'cluster.nodes'],
  ['more nodes than kubenet has routes', 'cluster: { mode: kubenet, nodes: 401, subnet: 10.224.0.0/16 }\n', '1:34', '400'],
  ['a bad address', 'cluster: { mode: azure, nodes: [{ addr: 10.224.0.256 }] }\n', '1:41', 'IPv4 address'],
  ['an address with a leading zero', 'cluster: { mode: azure, nodes: [{ addr: 010.224.0.4 }] }\n', '1:41', 'IPv4 address'],
  ['an IPv6 address', 'cluster: { mode: azure, nodes: [{ addr: "fd00::1" }] }\n', '1:41', 'IPv4 address'],
  ['a range without a length', 'cluster: { mode: azure, vnet: 10.0.0.0 }\n', '1:31', '10.0.0.0'],
  ['a length of 33', 'cluster: { mode: azure, vnet: 10.0.0.0/33 }\n', '1:31', '10.0.0.0/33'],
  ['a pod without a name', `${CLUSTER}pods: [{ node: 0 }]\n`, '2:8', 'pods[0].name is missing'],
  ['a slash in a name', `${CLUSTER}pods: [{ name: ../../etc }]\n`, '2:16', 'name'],
  ['an escape sequence in a name', `${CLUSTER}pods: [{ name: "a\\e[2Jb" }]\n`, '2:16', String.raw`\u{1b}`],
  ['a line break in a name', `${CLUSTER}pods: [{ name: "a\\nb" }]\n`, '2:16', 'name'],
  ['letters of another alphabet in a name', `${CLUSTER}pods: [{ name: "cаfe" }]\n`, '2:16', String.raw`\u{430}`],
  ['a name that changes direction', `${CLUSTER}pods: [{ name: "a\u202eb" }]\n`, '2:16', String.raw`\u{202e}`],
  ['an upper-case pod', `${CLUSTER}pods: [{ name: Web }]\n`, '2:8', 'Web'],
  ['a bad port', `${CLUSTER}pods: [{ name: a, listens: [tcp/99999] }]\n`, '2:29', 'tcp/80'],
  ['port zero', `${CLUSTER}pods: [{ name: a, listens: [0] }]\n`, '2:29', 'port'],
  ['a protocol that is none', `${CLUSTER}pods: [{ name: a, listens: [sctp/80] }]\n`, '2:29', 'tcp/80'],
  ['a huge number', `${CLUSTER}pods: [{ name: a, replicas: 99999999999999999999 }]\n`, '2:29', 'pods[0].replicas'],
  [
    'too many pods',
    `${CLUSTER}pods: [{ name: a, replicas: 100000 }, { name: b, replicas: 100000 }, { name: c, replicas: 100000 }]\n`,
    '2:7',
    'MAX_PODS',
  ],
  ['labels that are a list', `${CLUSTER}pods: [{ name: a, labels: [x] }]\n`, '2:27', 'mapping'],
  ['a service type that is none', `${CLUSTER}services: [{ name: a, type: Loadbalancer }]\n`, '2:29', 'did you mean "LoadBalancer"'],
  ['an outcome that is none', `${CLUSTER}checks: [{ from: internet, to: "10.0.0.1:80", expect: replyed }]\n`, '2:55', 'replied'],
  [
    'a step with two operations',
    `${CLUSTER}steps: [{ flush-conntrack: { on: node/node-0 }, link-up: { on: node/node-0, dev: eth0 } }]\n`,
    '2:9',
    'one operation',
  ],
  ['an operation that does not exist', `${CLUSTER}steps: [{ delete-rout: {} }]\n`, '2:11', 'did you mean "delete-route"'],
  ['an operation without its arguments', `${CLUSTER}steps: [{ delete-route: { on: node/node-0 } }]\n`, '2:25', 'route is missing'],
  ['a duration without unit', `${CLUSTER}steps: [{ advance: 300 }]\n`, '2:20', 'text: 300s'],
  ['a duration beyond all bounds', `${CLUSTER}steps: [{ advance: 9999999999s }]\n`, '2:20', 'MAX_DURATION_DIGITS'],
  [
    'a reason code with a slip of the pen',
    `${CLUSTER}checks: [{ from: internet, to: "10.0.0.1:80", expect: dropped, reason: NETFILTR_DROP }]\n`,
    '2:72',
    'NETFILTER_DROP',
  ],
  ['letters with accents in a name', `${CLUSTER}pods: [{ name: wéb }]\n`, '2:16', '"wéb"', 'a-z'],
  ['an empty step', `${CLUSTER}steps: [{ name: x }]\n`, '2:9', 'operation'],
  [
    'a priority below 100',
    `${CLUSTER}azure: { nsgs: [{ name: n, rules: [{ name: r, priority: 1, direction: Inbound, access: Deny }] }] }\n`,
    '2:57',
    'at least 100',
  ],
];

const MEANING: readonly Case[] = [
  [
    'a check from a pod that does not exist',
    `${CLUSTER}checks: [{ from: default/nobody, to: "10.0.0.1:80" }]\n`,
    '2:18',
    'there is no pod default/nobody',
  ],
  [
    'a check to a service that does not exist',
    `${CLUSTER}pods: [{ name: a }]\nchecks: [{ from: default/a, to: "svc/default/x:80" }]\n`,
    '3:33',
    'no service default/x',
  ],
  [
    'a check from a service',
    `${CLUSTER}services: [{ name: a, ports: [80] }]\nchecks: [{ from: svc/default/a, to: "10.0.0.1:80" }]\n`,
    '3:18',
    'a service sends nothing',
  ],
  ['a check without port', `${CLUSTER}checks: [{ from: node/node-0, to: node/node-1, proto: tcp }]\n`, '2:35', 'no port'],
  ['an endpoint of no form', `${CLUSTER}checks: [{ from: a/b/c/d, to: node/node-1 }]\n`, '2:18', 'not an endpoint'],
  ['an IPv6 target', `${CLUSTER}checks: [{ from: node/node-0, to: "fd00::1" }]\n`, '2:35', 'IPv6'],
  [
    'a source that does not exist',
    `${CLUSTER}checks: [{ from: node/node-0, to: node/node-1, seenSource: pod/default/x }]\n`,
    '2:60',
    'seenSource',
  ],
  ['a pod on a node that does not exist', `${CLUSTER}pods: [{ name: a, node: node-9 }]\n`, '2:8', 'node-9'],
  ['a pod on the ninth of two nodes', `${CLUSTER}pods: [{ name: a, node: 9 }]\n`, '2:25', 'no node 9'],
  ['two pods of one name', `${CLUSTER}pods: [{ name: a }, { name: a }]\n`, '2:21', 'default/a'],
  [
    'two pods with one address',
    'cluster: { mode: overlay }\npods: [{ name: a, ip: 10.244.0.9 }, { name: b, ip: 10.244.0.9 }]\n',
    '2:37',
    '10.244.0.9',
  ],
  ['two nodes of one name', 'cluster: { mode: azure, nodes: [{ name: n }, { name: n }] }\n', '1:54', 'n'],
  ['two nodes with one address', 'cluster: { mode: azure, nodes: [{ addr: 10.224.0.9 }, { addr: 10.224.0.9 }] }\n', '1:63', '10.224.0.9'],
  ['a node outside of its subnet', 'cluster: { mode: azure, nodes: [{ addr: 10.9.0.4 }] }\n', '1:41', '10.9.0.4'],
  ['a subnet that is too small', 'cluster: { mode: azure, nodes: 3, subnet: 10.224.0.0/28 }\n', '1:43', 'Pre-allocated IPs'],
  ['a subnet outside of its network', 'cluster: { mode: azure, vnet: 10.1.0.0/16, subnet: 10.2.0.0/24 }\n', '1:31', '10.2.0.0/24'],
  ['pods in the range of the nodes', 'cluster: { mode: overlay, podCidr: 10.224.0.0/16 }\n', '1:36', '10.224.0.0/16'],
  ['services in the range of the pods', 'cluster: { mode: overlay, serviceCidr: 10.244.0.0/20 }\n', '1:', '10.244.0.0'],
  [
    'a matrix with too few cells',
    `${CLUSTER}pods: [{ name: a }]\nmatrix:\n  - table: |\n      from      internet:80 default/a\n      default/a .\n`,
    '6:7',
    '1 cell',
  ],
  [
    'a matrix with a strange cell',
    `${CLUSTER}pods: [{ name: a }]\nmatrix:\n  - table: |\n      from      internet:80\n      default/a Q\n`,
    '6:17',
    '"Q" means nothing',
  ],
  ['a matrix without corner', `${CLUSTER}matrix:\n  - table: |\n      internet:80\n`, '4:7', '"from"'],
  ['a route to nowhere', `${CLUSTER}tables: [{ on: node/node-0, routes: ["10.1.0.0/16 via 1.2.3.4"] }]\n`, '2:38', 'invalid gateway'],
  ['a route that is none', `${CLUSTER}tables: [{ on: node/node-0, routes: ["somewhere over the rainbow"] }]\n`, '2:38', 'destination'],
  [
    'a rule set of nonsense',
    `${CLUSTER}tables:\n  - on: node/node-0\n    iptables: |\n      *filter\n      -A FORWARD -m nonsense -j DROP\n      COMMIT\n`,
    '6:',
    'nonsense',
  ],
  ['tables of nobody', `${CLUSTER}tables: [{ on: node/nobody, routes: [] }]\n`, '2:16', 'no node nobody'],
  [
    'a route table on a subnet that does not exist',
    `${CLUSTER}azure: { routeTables: [{ name: rt, subnets: [nowhere] }] }\n`,
    '2:46',
    'nowhere',
  ],
  ['a sysctl that does not exist', `${CLUSTER}tables: [{ on: node/node-0, sysctls: { net.ipv4.no_such: 1 } }]\n`, '2:', 'sysctl'],
  [
    'a manifest with a bad port',
    `${CLUSTER}manifests: [{ apiVersion: v1, kind: Service, metadata: { name: a }, spec: { ports: [{ port: 99999 }] } }]\n`,
    '2:93',
    'port',
  ],
  ['a manifest without kind', `${CLUSTER}manifests: [{ apiVersion: v1 }]\n`, '2:13', 'kind'],
  ['a manifest that is not there', `${CLUSTER}manifests: [app.yaml]\n`, '2:13', 'no file app.yaml'],
];

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

const BYTES: readonly (readonly [name: string, input: Uint8Array, place: string, word: string])[] = [
  ['binary garbage', bytes(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff, 0xfe), '1:9', 'not UTF-8'],
  ['half a character', bytes(0x61, 0x3a, 0x20, 0xc3), '1:4', 'not UTF-8'],
  ['Latin-1', bytes(0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0xe9, 0x0a), '1:7', 'not UTF-8'],
  ['UTF-16', bytes(0xff, 0xfe, 0x61, 0x00), '1:1', 'not UTF-8'],
  ['a NUL', bytes(0x61, 0x3a, 0x0a, 0x00), '2:1', 'U+0000'],
  ['an escape sequence in plain text', new TextEncoder().encode('name: \u001b[31mred\n'), '1:7', 'U+001B'],
  ['a control character of the second set', new TextEncoder().encode('name: \u009b31m\n'), '1:7', 'U+009B'],
  ['a file over the limit', new Uint8Array(16_777_217).fill(0x23), '1:1', 'MAX_FILE_BYTES'],
];

describe('bytes that are no text are refused', () => {
  test.each(BYTES)('%s', (_, input, place, word) => {
    const problems = problemsOf(input);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`case.yaml:${place}`);
    expect(problems[0]).toContain(word);
  });

  test('a byte-order mark before a good scenario does no harm', () => {
    expect(problemsOf(`\ufeff${CLUSTER}`)).toEqual([]);
  });

  test('line ends of Windows do no harm', () => {
    expect(problemsOf('cluster:\r\n  mode: azure\r\n  nodes: 2\r\n')).toEqual([]);
  });
});

describe('bad input is one clear message with its place', () => {
  test.each([...YAML, ...FIELDS, ...MEANING])('%s', (_, text, place, ...words) => {
    const problems = problemsOf(text);
    expect(problems[0]).toBeDefined();
    const at = problems.find((line) => line.startsWith(`case.yaml:${place}`)) ?? problems.join('\n');
    expect(at).toContain(`case.yaml:${place}`);
    for (const word of words) expect(at).toContain(word);
  });

  test('a misspelt operation is one error', () => {
    expect(problemsOf(`${CLUSTER}steps: [{ delete-rout: {} }]\n`)).toHaveLength(1);
  });

  test('everything that a check names and nobody knows is an error at its own place', () => {
    const check = '{ from: default/nobody, to: default/nothing, via: [node-0, nowhere], send: { src: default/no } }';
    const matrix = '{ classes: { N: { notVia: nowhere } }, table: "from node/node-1\\nnode/node-9 N" }';
    expect(problemsOf(`${CLUSTER}pods: [{ name: web }]\nchecks:\n  - ${check}\nmatrix:\n  - ${matrix}\n`)).toEqual([
      'case.yaml:4:13: from: there is no pod default/nobody; expected one of default/web',
      'case.yaml:4:33: to: there is no pod default/nothing; expected one of default/web',
      expect.stringMatching(/^case\.yaml:4:64: via: there is no place nowhere/),
      expect.stringMatching(/^case\.yaml:6:31: notVia: there is no place nowhere/),
      expect.stringMatching(/^case\.yaml:6:\d+: from: there is no node node-9/),
    ]);
  });

  test('every input is refused at once, so no message repeats', () => {
    for (const [, text] of [...YAML, ...FIELDS, ...MEANING]) {
      const problems = problemsOf(text);
      expect(new Set(problems).size).toBe(problems.length);
    }
  });
});
