import { describe, expect, it } from 'vitest';
import { missingFor } from '../../src/snapshot/kernel/requirements.ts';

const ready = { platform: 'linux', uid: 0, has: () => true };

describe('what podwalk verify says is missing', () => {
  it('is nothing on Linux as root with all tools', () => {
    expect(missingFor(ready)).toEqual([]);
  });

  it('names the platform where there is no Linux kernel', () => {
    expect(missingFor({ ...ready, platform: 'darwin' })).toEqual(['this is darwin: only a Linux kernel can be asked']);
  });

  it('names root', () => {
    expect(missingFor({ ...ready, uid: 1000 })[0]).toContain('root is needed');
  });

  it('names each tool and the Debian packages that bring them, once', () => {
    const missing = missingFor({ ...ready, has: (tool) => !['ip', 'bridge', 'ipset', 'python3'].includes(tool) });
    expect(missing).toHaveLength(1);
    expect(missing[0]).toContain('python3, ip, bridge, ipset not found');
    expect(missing[0]).toContain('apt-get install python3 iproute2 ipset');
  });
});
