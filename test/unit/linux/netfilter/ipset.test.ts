import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileIpset, findEntry } from '../../../../src/linux/netfilter/ipset/compile.ts';
import { parseIpsetSave } from '../../../../src/linux/netfilter/ipset/parse.ts';
import { printIpsets } from '../../../../src/linux/netfilter/ipset/print.ts';
import { formatIpv4, ipv4 } from '../../../../src/wire/ipv4.ts';
import { contains, prefix } from '../../../../src/wire/prefix.ts';
import { recordedFiles } from '../../../kernel/recordings.ts';
import { inNamespace, works } from './real.ts';
import { Bench, type Packet, ipsets } from './support.ts';

const dumps = [...recordedFiles()].filter(([name]) => name.endsWith('/ipset.txt'));
const hasTool = works('ipset create S hash:ip');
if (!hasTool) console.warn('skipped: 2 tests against the real ipset; root, ipset and its kernel modules are needed');

function fault(text: string): string | undefined {
  const result = parseIpsetSave(text, 'sets');
  const [first] = result.ok ? [] : result.faults;
  return first === undefined ? undefined : `${first.file}:${first.line}:${first.col}: ${first.message}, expected ${first.expected}`;
}

/** Whether a packet is in set S. */
function isMember(text: string, dims: string, packet: Packet): boolean | 'unknown' {
  const bench = new Bench();
  Object.assign(bench.netns, { ipsets: ipsets(text) });
  return bench.matches(`-m set --match-set S ${dims}`, packet);
}

describe('reading', () => {
  test.each([
    ['create S hash:ip family inet\nadd S 10.0.0.1-10.0.0.3\n', ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
    ['create S hash:ip family inet netmask 24\nadd S 10.0.0.7\n', ['10.0.0.0']],
    ['create S hash:net family inet\nadd S 10.0.0.7/24\n', ['10.0.0.0/24']],
    ['create S hash:net family inet\nadd S 10.0.0.1-10.0.0.6\n', ['10.0.0.1', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6']],
    [
      'create S hash:ip,port family inet\nadd S 10.0.0.1,80\nadd S 10.0.0.1,udp:53-54\nadd S 10.0.0.1,icmp:ping\n',
      ['10.0.0.1,tcp:80', '10.0.0.1,udp:53', '10.0.0.1,udp:54', '10.0.0.1,icmp:echo-request'],
    ],
    ['create S bitmap:port range 0-1023\nadd S 22-23\n', ['22', '23']],
    ['create S hash:mac\nadd S 02:00:00:aa:bb:cc\n', ['02:00:00:AA:BB:CC']],
    ['create S hash:ip,mark family inet\nadd S 10.0.0.1,0x10\n', ['10.0.0.1,0x00000010']],
    [
      'create S hash:net,iface family inet\nadd S 10.0.0.0/8,eth0\nadd S 10.0.0.0/8,physdev:veth1\n',
      ['10.0.0.0/8,eth0', '10.0.0.0/8,physdev:veth1'],
    ],
    ['create S hash:ip family inet6\nadd S fd00::1\n', ['fd00::1']],
  ])('%j', (text, entries) => {
    const printed = printIpsets(ipsets(text));
    expect(
      printed
        .split('\n')
        .filter((line) => line.startsWith('add'))
        .map((line) => line.slice(6)),
    ).toEqual(entries);
  });

  test('options of entries are kept', () => {
    const text = 'create S hash:net family inet timeout 60 comment\nadd S 10.0.0.0/8 timeout 5 nomatch comment "a b"\n';
    expect(printIpsets(ipsets(text))).toBe(text);
  });

  test.each([
    ['create S hash:weird\n', 'sets:1:10: hash:weird is not a modelled set type'],
    ['add S 10.0.0.1\n', 'sets:1:5: no set S, expected a set created before'],
    ['create S hash:ip family inet\nadd S 10.0.0.256\n', 'sets:2:7: 10.0.0.256 cannot be read, expected an IPv4 address or range'],
    ['create S hash:ip,port family inet\nadd S 10.0.0.1\n', 'sets:2:7: 10.0.0.1 is no entry of a hash:ip,port set, expected ip,port'],
    ['create S hash:ip family inet\nadd S 10.0.0.0/8\n', 'sets:2:7: 10.0.0.0/8 cannot be read'],
    ['create S hash:ip family inet\ncreate S hash:ip family inet\n', 'sets:2:8: set S a second time'],
    ['nonsense\n', 'sets:1:1: this is no line of ipset save'],
  ])('%j is refused', (text, expected) => {
    expect(fault(text)).toContain(expected);
  });
});

describe('membership', () => {
  const tcp: Packet = { src: '10.0.0.9', dst: '10.1.0.9', proto: 'tcp', sport: 40000, dport: 80 };

  test.each([
    ['create S hash:ip,port,ip family inet\nadd S 10.1.0.9,tcp:80,10.0.0.9\n', 'dst,dst,src', true],
    ['create S hash:ip,port,ip family inet\nadd S 10.1.0.9,udp:80,10.0.0.9\n', 'dst,dst,src', false],
    ['create S hash:ip,port,net family inet\nadd S 10.1.0.9,tcp:80,10.0.0.0/24\n', 'dst,dst,src', true],
    ['create S hash:net,net family inet\nadd S 10.0.0.0/24,10.1.0.0/16\n', 'src,dst', true],
    ['create S hash:net,net family inet\nadd S 10.0.0.0/24,10.2.0.0/16\n', 'src,dst', false],
    ['create S hash:net,port family inet\nadd S 10.0.0.0/8,tcp:80\n', 'src,dst', true],
    ['create S hash:net,iface family inet\nadd S 10.0.0.0/8,eth0\n', 'src,src', true],
    ['create S hash:net,iface family inet\nadd S 10.0.0.0/8,eth0\n', 'src,dst', false],
    ['create S hash:net,iface family inet\nadd S 10.0.0.0/24,lo\nadd S 10.0.0.0/8,eth0\n', 'src,src', false],
    ['create S bitmap:port range 0-1023\nadd S 80\n', 'dst', true],
    ['create S hash:ip,mark family inet markmask 0xf\nadd S 10.0.0.9,0x1\n', 'src', false],
    ['create S hash:ip,mark family inet markmask 0xf\nadd S 10.0.0.9,0x1\n', 'src,src', true],
    ['create S hash:net family inet6\nadd S fd00::/8\n', 'src', false],
    ['create S hash:ip family inet netmask 24\nadd S 10.0.0.0\n', 'src', true],
  ])('%j asked %s: %s', (text, dims, expected) => {
    expect(isMember(text, dims, { ...tcp, mark: 0x11 })).toBe(expected);
  });

  test('ICMP type and code stand for the port', () => {
    const text = 'create S hash:ip,port family inet\nadd S 10.1.0.9,icmp:echo-request\n';
    expect(isMember(text, 'dst,dst', { ...tcp, proto: 'icmp', icmpType: 8 })).toBe(true);
    expect(isMember(text, 'dst,dst', { ...tcp, proto: 'icmp', icmpType: 0 })).toBe(false);
  });

  test('entries expire', () => {
    const bench = new Bench();
    Object.assign(bench.netns, {
      ipsets: ipsets('create S hash:ip family inet timeout 60\nadd S 10.0.0.9 timeout 5\nadd S 10.0.0.10 timeout 0\n'),
    });
    const seen = (src: string) => bench.matches('-m set --match-set S src', { src });
    expect([seen('10.0.0.9'), seen('10.0.0.10')]).toEqual([true, true]);
    bench.nowMs = 5000;
    expect([seen('10.0.0.9'), seen('10.0.0.10')]).toEqual([false, true]);
  });

  test('of networks, the longest decides: as a search of all entries says', () => {
    const network = fc.tuple(
      fc.constantFrom('10.0.0.0', '10.128.0.0', '10.0.0.128', '200.0.0.0', '0.0.0.0'),
      fc.integer({ min: 1, max: 32 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(network, {
          minLength: 1,
          maxLength: 12,
          selector: ([addr, len]) => `${formatIpv4(prefix(`${addr}/${len}`).addr)}/${len}`,
        }),
        fc.array(fc.ipV4(), { minLength: 5 }),
        (networks, addresses) => {
          const [ipset] = ipsets(
            `create S hash:net family inet\n${networks.map(([addr, len, no]) => `add S ${addr}/${len}${no ? ' nomatch' : ''}\n`).join('')}`,
          );
          for (const text of [...addresses, '10.0.0.129', '10.0.0.1', '200.0.0.1', '0.0.0.1']) {
            const addr = prefix(`${text}/32`).addr;
            const [best] = networks.filter(([a, len]) => contains(prefix(`${a}/${len}`), addr)).sort((a, b) => b[1] - a[1]);
            expect(findEntry(compileIpset(ipset!), [addr], null)?.nomatch).toBe(best?.[2]);
          }
        },
      ),
    );
  });
});

describe('recorded dumps', () => {
  test('are printed back as they were', () => {
    for (const [file, text] of dumps) {
      expect({ file, text: printIpsets(ipsets(text)) }).toEqual({ file, text });
    }
  });
});

describe.skipIf(!hasTool)('the real ipset', () => {
  const script = (commands: string): string => inNamespace(commands).stdout;

  test('saves what we print back byte for byte', () => {
    const wanted = [
      ['hash:ip', ['10.0.0.1', '10.0.0.2-10.0.0.9 timeout 50', '200.1.1.1'], 'timeout 100'],
      ['hash:net', ['10.0.0.0/8', '10.1.0.0/16 nomatch', '1.2.3.4', '10.0.0.1-10.0.0.6'], 'counters'],
      [
        'hash:ip,port',
        ['10.0.0.1,80', '10.0.0.1,udp:53', '10.0.0.1,icmp:ping', '10.0.0.1,icmp:3/9', '10.0.0.1,sctp:5-7', '10.0.0.1,gre:0'],
        'comment',
      ],
      ['hash:net,port', ['10.0.0.0/8,tcp:80'], ''],
      ['hash:ip,port,ip', ['10.0.0.1,tcp:80,10.0.0.2'], ''],
      ['hash:ip,port,net', ['10.0.0.1,tcp:80,10.0.0.0/24'], ''],
      ['hash:net,net', ['10.0.0.0/8,10.1.0.0/16'], ''],
      ['hash:net,port,net', ['10.0.0.0/8,tcp:80,10.1.0.0/16'], ''],
      ['hash:net,iface', ['10.0.0.0/8,eth0', '10.0.0.0/8,physdev:eth1'], ''],
      ['hash:mac', ['02:00:00:aa:bb:cc'], ''],
      ['hash:ip,mark', ['10.0.0.1,0x10'], 'markmask 0xff'],
      ['hash:ip,mac', ['10.0.0.1,02:00:00:aa:bb:cc'], ''],
      ['bitmap:ip', ['10.0.0.5-10.0.0.7'], 'range 10.0.0.0/24'],
      ['bitmap:ip,mac', ['10.0.0.5,02:00:00:aa:bb:cc'], 'range 10.0.0.0/24'],
      ['bitmap:port', ['22', '80-82'], 'range 0-1023'],
      ['hash:ip', ['10.1.0.0/24'], 'netmask 24'],
      ['list:set', ['S0', 'S1'], 'size 4'],
    ] as const;
    const commands = wanted.flatMap(([type, entries, options], i) => [
      `ipset create S${i} ${type} ${options}`,
      ...entries.map((entry) => `ipset add S${i} ${entry}`),
    ]);
    const saved = script(`${commands.join('; ')}; ipset save`).split('\n');
    // Counters are dropped; a timeout may have lost a second.
    const normal = (lines: readonly string[]): string[] =>
      lines.map((line) => line.replace(/ packets \d+ bytes \d+/, '').replace(/ timeout \d+$/, ' timeout N'));
    const text = saved.join('\n');
    expect(text.match(/^create /gm)?.length).toBeGreaterThan(10);
    expect(normal(printIpsets(ipsets(text)).split('\n'))).toEqual(normal(saved));
  });

  test('finds the same members', () => {
    const entries = ['10.0.0.0/8', '10.1.0.0/16 nomatch', '10.1.2.0/24', '192.168.1.1', '128.0.0.0/1', '255.0.0.0/8 nomatch'];
    const addresses = ['10.0.0.1', '10.1.0.1', '10.1.2.3', '192.168.1.1', '192.168.1.2', '127.0.0.1', '255.1.1.1', '254.1.1.1', '8.8.8.8'];
    const real = script(
      `ipset create S hash:net; ${entries.map((entry) => `ipset add S ${entry}`).join('; ')}; for a in ${addresses.join(' ')}; do ipset -q test S $a && echo yes || echo no; done`,
    );
    const [ipset] = ipsets(`create S hash:net family inet\n${entries.map((entry) => `add S ${entry}\n`).join('')}`);
    const ours = addresses.map((text) =>
      findEntry(compileIpset(ipset!), [ipv4(prefix(`${text}/32`).addr)], null)?.nomatch === false ? 'yes' : 'no',
    );
    expect(ours).toEqual(real.trim().split('\n'));
  });
});
