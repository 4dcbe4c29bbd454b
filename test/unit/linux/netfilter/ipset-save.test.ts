import { describe, expect, it } from 'vitest';
import { compileIpset } from '../../../../src/linux/netfilter/ipset/compile.ts';
import { parseIpsetSave } from '../../../../src/linux/netfilter/ipset/parse.ts';
import { printIpsets } from '../../../../src/linux/netfilter/ipset/print.ts';

/** What `ipset save` (7.17, Linux 6.18) printed for sets with every kind of option. */
const RECORDED = `create a1 hash:ip family inet hashsize 64 maxelem 100 timeout 300 counters comment skbinfo bucketsize 12 initval 0x384add66
add a1 10.0.0.1 timeout 19 packets 3 bytes 400 comment "x y" skbmark 0x10/0xff skbprio 1:10 skbqueue 3
create a2 hash:net family inet hashsize 1024 maxelem 65536 counters skbinfo bucketsize 12 initval 0x99c97539
add a2 10.0.0.0/8 packets 0 bytes 0
add a2 10.1.0.0/16 nomatch packets 0 bytes 0
create a3 hash:net,iface family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x83ba1e23
add a3 10.0.0.0/8,physdev:eth1
add a3 10.0.0.0/8,eth0
create a4 hash:ip,port,net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x6a3c11e3
add a4 10.0.0.1,tcp:80,10.0.0.0/24
add a4 10.0.0.1,icmp:echo-request,10.0.0.0/24
add a4 10.0.0.2,gre:0,10.0.0.0/24
create a5 bitmap:ip range 10.0.0.0-10.0.0.255 timeout 0 counters
add a5 10.0.0.3 timeout 0 packets 7 bytes 18446744073709551615
create a6 bitmap:ip,mac range 10.0.0.0-10.0.0.255
add a6 10.0.0.3,02:00:00:00:00:01
add a6 10.0.0.4
create a7 bitmap:port range 0-1023 comment
add a7 80 comment "hi"
create a9 hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 bucketsize 12 initval 0x2f655b56
add a9 10.0.0.0
create b5 hash:ip family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0x0e742c8e
add b5 fd00::1
create b6 bitmap:ip range 10.0.0.0-10.255.255.255 netmask 16
add b6 10.3.0.0
create b7 hash:ip family inet hashsize 1024 maxelem 65536 bitmask 255.255.0.255 bucketsize 12 initval 0xc2641dd0
add b7 10.0.0.1
create b8 hash:net,net family inet hashsize 1024 maxelem 65536 netmask 16 bucketsize 12 initval 0xc2641dd1
create b9 hash:ip,port,ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x00001234
add b9 10.0.0.1,sctp:5,10.0.0.2
create a8 list:set size 16 timeout 40
add a8 a1 timeout 39
`;

describe('what ipset save printed', () => {
  const result = parseIpsetSave(RECORDED, 'ipset.txt');
  if (!result.ok) throw new Error(JSON.stringify(result.faults));

  it('is printed back as it was: counters, comments and skbinfo of members too', () => {
    expect(printIpsets(result.ipsets)).toBe(RECORDED);
  });

  it('has options that change what is found and are not modelled: such sets answer UNKNOWN', () => {
    const named = result.ipsets.flatMap((set) =>
      compileIpset(set).unmodelled === null ? [] : [`${set.name}: ${compileIpset(set).unmodelled}`],
    );
    expect(named).toEqual(['b7: bitmask', 'b8: the netmask of a hash:net,net']);
  });

  it.each(['skbmark zero', 'skbprio 1', 'packets -1', 'packets x'])('has no member with %s', (option) => {
    const bad = parseIpsetSave(`create a hash:ip counters skbinfo\nadd a 10.0.0.1 ${option}\n`, 'f');
    expect(bad.ok ? [] : bad.faults.map(({ file, line }) => `${file}:${line}`)).toEqual(['f:2']);
  });
});
