import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Programs that building a network needs, and the Debian packages that bring them. */
const TOOLS: readonly (readonly [tool: string, debianPackage: string])[] = [
  ['python3', 'python3'],
  ['ip', 'iproute2'],
  ['bridge', 'iproute2'],
  ['iptables-nft-restore', 'iptables'],
  ['iptables-legacy-restore', 'iptables'],
  ['ipset', 'ipset'],
  ['ebtables-restore', 'ebtables'],
  ['conntrack', 'conntrack'],
];

/** Where the helper looks for programs; nobody's own folders. */
export const TOOL_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** What a machine has for asking its kernel. */
export interface Machine {
  readonly platform: string;
  /** The effective user, null where there is no such thing. */
  readonly uid: number | null;
  readonly has: (tool: string) => boolean;
}

export function thisMachine(): Machine {
  return { platform: process.platform, uid: process.geteuid?.() ?? null, has: isInstalled };
}

function isInstalled(tool: string): boolean {
  return TOOL_PATH.split(':').some((folder) => {
    try {
      accessSync(path.join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What is missing before the running kernel can be asked, a sentence each; none where nothing is. */
export function missingFor({ platform, uid, has }: Machine): string[] {
  if (platform !== 'linux') return [`this is ${platform}: only a Linux kernel can be asked`];
  const missing: string[] = [];
  if (uid !== 0) missing.push('root is needed to make network namespaces (run it with sudo, or in a container with --privileged)');
  const lacking = TOOLS.filter(([tool]) => !has(tool));
  if (lacking.length > 0) {
    const packages = [...new Set(lacking.map(([, debianPackage]) => debianPackage))];
    missing.push(`${lacking.map(([tool]) => tool).join(', ')} not found in ${TOOL_PATH}: apt-get install ${packages.join(' ')}`);
  }
  return missing;
}
