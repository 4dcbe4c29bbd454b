import { describe, expect, it } from 'vitest';
import { hostVethName } from '../../../src/cni/azure-vnet/azure-vnet.ts';
import { AZURE_CONFLIST } from '../../../src/cni/conflist.ts';
import { addNetwork, checkNetwork, delNetwork } from '../../../src/cni/runtime.ts';
import { deleteLink, deleteNetns } from '../../../src/linux/ops/delete-link.ts';
import { deleteRoute } from '../../../src/linux/ops/routes.ts';
import { setSysctl } from '../../../src/linux/ops/set-sysctl.ts';
import { confName, readSysctl } from '../../../src/linux/sysctl.ts';
import { formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import { env, netns, nic, node, routes, sandbox } from './machine.ts';

function joined() {
  const host = node();
  const one = env(host);
  const args = sandbox(host, 'nginx', '10.224.0.24');
  const outcome = addNetwork(one, AZURE_CONFLIST, args);
  if (!outcome.ok) throw new Error(outcome.error);
  return { host, one, args, result: outcome.value, root: netns(host, 'root'), pod: netns(host, args.netns) };
}

describe('azure-vnet in transparent mode', () => {
  it('names the host end after namespace and pod alone, as on a real node', () => {
    expect(hostVethName({ namespace: 'default', name: 'nginx' })).toBe('azvc440f455693');
  });

  it('leaves the links that ip addr shows on an AKS node', () => {
    const { root, pod, result } = joined();
    const hostEnd = root.links.find((link) => link.name === 'azvc440f455693');
    const podEnd = pod.links.find((link) => link.name === 'eth0');
    expect(root.links.map((link) => link.name)).toEqual(['lo', 'eth0', 'azvc440f455693']);
    expect(hostEnd).toMatchObject({
      ifindex: 4,
      mac: 'aa:aa:aa:aa:aa:aa',
      up: true,
      carrier: true,
      multicast: true,
      mtuBytes: 1500,
      addresses: [],
    });
    expect(podEnd).toMatchObject({ ifindex: 3, mac: result.mac, up: true, carrier: true, multicast: false, mtuBytes: 1500 });
    expect(podEnd?.addresses.map(({ local, len, broadcast }) => [formatIpv4(local), len, broadcast])).toEqual([['10.224.0.24', 16, null]]);
  });

  it('gives the pod exactly two routes, and the host one', () => {
    const { root, pod } = joined();
    expect(routes(pod)).toEqual(['default via 169.254.1.1 dev eth0 proto static', '169.254.1.1 dev eth0 proto static scope link']);
    expect(routes(root)).toContain('10.224.0.24 dev azvc440f455693 proto static');
  });

  it('tells the pod the address of its gateway, to be confirmed by proxy ARP', () => {
    const { root, pod } = joined();
    expect(pod.neighbours).toMatchObject([{ ip: ip('169.254.1.1'), mac: 'aa:aa:aa:aa:aa:aa', dev: 'eth0', state: 'probe' }]);
    expect(readSysctl(root.sysctls, confName('azvc440f455693', 'proxy_arp'))).toBe('1');
  });

  it('finds everything in order, and says what is missing', () => {
    const { host, one, args, result, root, pod } = joined();
    const check = () => checkNetwork(one, AZURE_CONFLIST, args, result);
    expect(check()).toBeNull();
    setSysctl(root, confName('azvc440f455693', 'proxy_arp'), '0');
    expect(check()).toBe('azure-vnet: proxy_arp of azvc440f455693 is off');
    setSysctl(root, confName('azvc440f455693', 'proxy_arp'), '1');
    deleteRoute(root, { dst: ip('10.224.0.24'), len: 32 });
    expect(check()).toBe('azure-vnet: no route to 10.224.0.24 on the host');
    deleteLink(host, pod.name, 'eth0');
    expect(check()).toBe('azure-vnet: azvc440f455693 is gone or down');
  });

  it('leaves the machine as it was once DEL has run and the namespace is gone', () => {
    const host = node();
    const one = env(host);
    const first = sandbox(host, 'first');
    addNetwork(one, AZURE_CONFLIST, first);
    const before = structuredClone({ host, state: one.state });
    const args = sandbox(host, 'nginx', null, [{ protocol: 'udp', hostPort: 53, containerPort: 5353, hostIp: null }]);
    const withPorts = addNetwork(one, AZURE_CONFLIST, args);
    if (!withPorts.ok) throw new Error(withPorts.error);
    delNetwork(one, AZURE_CONFLIST, args, withPorts.value);
    deleteNetns(host, args.netns);
    // The chains that all host ports share stay.
    const { iptables: _, ...rootAfter } = netns(host, 'root');
    const { iptables: __, ...rootBefore } = before.host.netns['root']!;
    expect({ ...host.netns, root: rootAfter }).toEqual({ ...before.host.netns, root: rootBefore });
    expect(one.state).toEqual(before.state);
  });

  it('shows kubelet the whole chain of errors when the NIC has no address left', () => {
    const host = node();
    const one = env(host, nic(1));
    addNetwork(one, AZURE_CONFLIST, sandbox(host, 'a'));
    const second = addNetwork(one, AZURE_CONFLIST, sandbox(host, 'b'));
    expect(second).toEqual({
      ok: false,
      error:
        'plugin type="azure-vnet" failed (add): IPAM Invoker Add failed with error: Failed to allocate pool: Failed to delegate: Failed to allocate address: No available addresses',
    });
  });
});
