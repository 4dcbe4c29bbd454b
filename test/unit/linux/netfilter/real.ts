import { spawnSync } from 'node:child_process';

/** What a shell script does in a network namespace of its own, which is gone afterwards. */
export function inNamespace(script: string, input = ''): { readonly ok: boolean; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script], { input, encoding: 'utf8' });
  return { ok: status === 0, stdout, stderr };
}

/** Whether a script works here: we are root, the tools are installed, the kernel has what they need. */
export function works(script: string): boolean {
  return process.getuid?.() === 0 && inNamespace(script).ok;
}
