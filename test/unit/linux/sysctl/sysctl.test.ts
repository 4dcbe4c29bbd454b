import { describe, expect, test } from 'vitest';
import { compileSysctls } from '../../../../src/linux/compiled-sysctls.ts';
import { createHost, createNetns } from '../../../../src/linux/ops/create-netns.ts';
import { addLink } from '../../../../src/linux/ops/add-link.ts';
import { renameLink } from '../../../../src/linux/ops/set-link.ts';
import { setSysctl } from '../../../../src/linux/ops/set-sysctl.ts';
import { NO_SYSCTLS, explicitSysctls, listSysctls, readSysctl, sysctlsOfDump, withSysctl } from '../../../../src/linux/sysctl.ts';
import { mac } from '../../../../src/wire/mac.ts';

const DEVICES = ['lo', 'eth0', 'eth1'];
const conf = (dev: string, key: string): string => `net.ipv4.conf.${dev}.${key}`;

describe('reading', () => {
  test('an untouched namespace has the values of Linux 6.18', () => {
    expect(readSysctl(NO_SYSCTLS, 'net.ipv4.ip_forward')).toBe('0');
    expect(readSysctl(NO_SYSCTLS, conf('eth0', 'send_redirects'))).toBe('1');
    expect(readSysctl(NO_SYSCTLS, conf('lo', 'disable_policy'))).toBe('1');
    expect(readSysctl(NO_SYSCTLS, conf('all', 'accept_source_route'))).toBe('0');
    expect(readSysctl(NO_SYSCTLS, 'net.bridge.bridge-nf-call-iptables')).toBe('1');
    expect(readSysctl(NO_SYSCTLS, 'net.ipv4.neigh.eth0.proxy_delay')).toBe('80');
  });

  test('a name that no kernel has is null, also names of object properties', () => {
    for (const name of [
      'net.ipv4.no_such',
      conf('eth0', 'nope'),
      conf('eth0', 'constructor'),
      '__proto__',
      'constructor',
      conf('__proto__', '__proto__'),
    ]) {
      expect(readSysctl(NO_SYSCTLS, name)).toBeNull();
    }
  });

  test('a device with a dot in its name is written with a slash', () => {
    const sysctls = withSysctl(NO_SYSCTLS, ['eth0.100'], 'net.ipv4.conf.eth0/100.rp_filter', '1');
    expect(compileSysctls(sysctls).device('eth0.100').rpFilter).toBe(1);
  });
});

describe('writing', () => {
  test('ip_forward turns on every device, later ones too, and stops accepting redirects', () => {
    const sysctls = withSysctl(NO_SYSCTLS, DEVICES, 'net.ipv4.ip_forward', '1');
    expect(['all', 'default', 'lo', 'eth0', 'later'].map((dev) => readSysctl(sysctls, conf(dev, 'forwarding')))).toEqual([
      '1',
      '1',
      '1',
      '1',
      '1',
    ]);
    expect(readSysctl(sysctls, conf('all', 'accept_redirects'))).toBe('0');
    expect(explicitSysctls(sysctls)).toHaveLength(2);
  });

  test('conf.all.forwarding is the same switch, and back again leaves nothing behind', () => {
    const on = withSysctl(NO_SYSCTLS, DEVICES, conf('all', 'forwarding'), '1');
    expect(readSysctl(on, 'net.ipv4.ip_forward')).toBe('1');
    expect(withSysctl(on, DEVICES, 'net.ipv4.ip_forward', '0')).toEqual(NO_SYSCTLS);
  });

  test('one device can be switched off while the rest forwards', () => {
    const on = withSysctl(NO_SYSCTLS, DEVICES, 'net.ipv4.ip_forward', '1');
    const off = withSysctl(on, DEVICES, conf('eth1', 'forwarding'), '0');
    expect(DEVICES.map((dev) => compileSysctls(off).device(dev).forwarding)).toEqual([true, true, false]);
    expect(readSysctl(off, 'net.ipv4.ip_forward')).toBe('1');
  });

  test('ip_forward reaches a device that was switched off before', () => {
    const off = withSysctl(withSysctl(NO_SYSCTLS, DEVICES, 'net.ipv4.ip_forward', '1'), DEVICES, conf('eth1', 'forwarding'), '0');
    const again = withSysctl(withSysctl(off, DEVICES, 'net.ipv4.ip_forward', '0'), DEVICES, 'net.ipv4.ip_forward', '1');
    expect(compileSysctls(again).device('eth1').forwarding).toBe(true);
  });

  test('conf.default counts for devices that come later, not for those that exist', () => {
    const sysctls = withSysctl(NO_SYSCTLS, DEVICES, conf('default', 'rp_filter'), '2');
    expect(readSysctl(sysctls, conf('eth0', 'rp_filter'))).toBe('0');
    expect(readSysctl(sysctls, conf('later', 'rp_filter'))).toBe('2');
  });
});

describe('joining all with the device', () => {
  const device = (...settings: [string, string][]): ReturnType<ReturnType<typeof compileSysctls>['device']> =>
    compileSysctls(settings.reduce((sysctls, [name, value]) => withSysctl(sysctls, DEVICES, name, value), NO_SYSCTLS)).device('eth0');

  test('the stricter rp_filter, arp_ignore and arp_announce hold', () => {
    expect(device([conf('all', 'rp_filter'), '2'], [conf('eth0', 'rp_filter'), '1']).rpFilter).toBe(2);
    expect(device([conf('all', 'arp_ignore'), '1']).arpIgnore).toBe(1);
    expect(device([conf('eth0', 'arp_announce'), '2']).arpAnnounce).toBe(2);
  });

  test('accept_local, proxy_arp, route_localnet and send_redirects are on when either is', () => {
    expect(device([conf('all', 'accept_local'), '1']).acceptLocal).toBe(true);
    expect(device([conf('eth0', 'proxy_arp'), '1']).proxyArp).toBe(true);
    expect(device([conf('all', 'route_localnet'), '1']).routeLocalnet).toBe(true);
    expect(device([conf('eth0', 'send_redirects'), '0']).sendRedirects).toBe(true);
    expect(device([conf('eth0', 'send_redirects'), '0'], [conf('all', 'send_redirects'), '0']).sendRedirects).toBe(false);
  });

  test('a forwarding device accepts redirects only when both say so', () => {
    expect(device().acceptRedirects).toBe(true);
    expect(device(['net.ipv4.ip_forward', '1']).acceptRedirects).toBe(false);
  });
});

describe('on a host', () => {
  test('a new namespace takes over conf.all and conf.default of the first one, and nothing else', () => {
    const host = createHost('node0', 'node');
    const root = host.netns['root'];
    if (root === undefined) throw new RangeError('root');
    setSysctl(root, 'net.ipv4.ip_forward', '1');
    setSysctl(root, conf('all', 'rp_filter'), '2');
    setSysctl(root, 'net.ipv4.ip_default_ttl', '128');
    createNetns(host, 'pod-a');
    createNetns(host, 'pod-b');
    const pod = host.netns['pod-a'];
    expect(pod && readSysctl(pod.sysctls, 'net.ipv4.ip_forward')).toBe('1');
    expect(pod && readSysctl(pod.sysctls, conf('eth0', 'forwarding'))).toBe('1');
    expect(pod && readSysctl(pod.sysctls, conf('all', 'rp_filter'))).toBe('2');
    expect(pod && readSysctl(pod.sysctls, 'net.ipv4.ip_default_ttl')).toBe('64');
    expect(pod?.sysctls).toBe(host.netns['pod-b']?.sysctls);
  });

  test('a renamed device keeps its values, and an unknown name is refused as by sysctl', () => {
    const host = createHost('node0', 'node');
    const root = host.netns['root'];
    if (root === undefined) throw new RangeError('root');
    addLink(root, { name: 'd0', kind: { type: 'dummy' }, mac: mac('02:00:00:00:00:01') });
    expect(setSysctl(root, conf('d0', 'proxy_arp'), '1')).toBe('ok');
    renameLink(root, 'd0', 'd1');
    expect(readSysctl(root.sysctls, conf('d1', 'proxy_arp'))).toBe('1');
    expect(setSysctl(root, conf('d0', 'proxy_arp'), '1')).toBe(
      'sysctl: cannot stat /proc/sys/net/ipv4/conf/d0/proxy_arp: No such file or directory',
    );
  });
});

describe('a dump', () => {
  test('is kept as the differences from the defaults', () => {
    const lines = new Map([
      ['net.ipv4.ip_forward', '1'],
      [conf('all', 'forwarding'), '1'],
      [conf('default', 'forwarding'), '1'],
      [conf('eth0', 'forwarding'), '1'],
      [conf('eth0', 'rp_filter'), '0'],
      [conf('default', 'rp_filter'), '2'],
      ['kernel.pid_max', '1'],
    ]);
    const sysctls = sysctlsOfDump(lines, ['eth0']);
    expect(sysctls).toEqual({
      names: { 'net.ipv4.ip_forward': '1', [conf('default', 'rp_filter')]: '2' },
      devices: [{ settings: { 'conf.rp_filter': '0' }, devices: ['eth0'] }],
    });
  });

  test('that was cut down to ip_forward means that every device forwards', () => {
    const sysctls = sysctlsOfDump(new Map([['net.ipv4.ip_forward', '1']]), ['eth0']);
    expect(compileSysctls(sysctls).device('eth0').forwarding).toBe(true);
  });

  test('that does not list a device leaves it the kernel default, not the dump of conf.default', () => {
    const sysctls = sysctlsOfDump(new Map([[conf('default', 'rp_filter'), '1']]), ['eth0']);
    expect(compileSysctls(sysctls).device('eth0').rpFilter).toBe(0);
  });
});

test('the list is sorted and hides the neighbour defaults of the machine', () => {
  const names = listSysctls(NO_SYSCTLS, ['lo']).map(([name]) => name);
  expect(names).toEqual(names.toSorted());
  expect(names).toContain('net.ipv4.conf.lo.rp_filter');
  expect(names.some((name) => name.startsWith('net.ipv4.neigh.default.'))).toBe(false);
});

test('what single devices say is the same whatever the order in which it was written', () => {
  const write = (...settings: [string, string][]): unknown =>
    settings.reduce((sysctls, [name, value]) => withSysctl(sysctls, DEVICES, name, value), NO_SYSCTLS);
  const proxyArp = (dev: string): [string, string] => [conf(dev, 'proxy_arp'), '1'];
  const filter: [string, string] = [conf('eth0', 'rp_filter'), '1'];
  expect(write(proxyArp('eth1'), filter, proxyArp('eth0'))).toEqual(write(proxyArp('eth0'), filter, proxyArp('eth1')));
  expect(write(proxyArp('eth1'), proxyArp('eth0'))).toEqual({
    names: {},
    devices: [{ settings: { 'conf.proxy_arp': '1' }, devices: ['eth0', 'eth1'] }],
  });
});
