import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { missingFor, thisMachine } from '../../src/snapshot/kernel/requirements.ts';

const missing = missingFor(thisMachine());
if (missing.length > 0) console.warn(`left out: that nothing stays behind after kill -9 (${missing.join('; ')})`);

const HELPER = fileURLToPath(new URL('../../src/snapshot/kernel/helper', import.meta.url));

/** A program like podwalk itself: it starts the helper, says its process id, and waits. */
const STARTER = `
const { spawn } = require('node:child_process');
const helper = spawn('/usr/bin/python3', ['-I', '-B', ${JSON.stringify(HELPER)}, '0'], { stdio: ['pipe', 'pipe', 'ignore'] });
helper.stdout.once('data', () => console.log(helper.pid));
`;

/** The network namespaces that a process holds by file descriptors. */
function heldBy(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((fd) => {
    try {
      const target = readlinkSync(`${folder}/${fd}`);
      return target.startsWith('net:[') ? [target] : [];
    } catch {
      return [];
    }
  });
}

/** Who else is in one of these namespaces or holds it: processes, and names in the file system. */
function otherHolders(held: readonly string[], pid: number): string[] {
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== pid);
  const processes = others.filter((other) => {
    try {
      const inside = readdirSync(`/proc/${other}/task`).map((task) => readlinkSync(`/proc/${other}/task/${task}/ns/net`));
      return [...heldBy(Number(other)), ...inside].some((namespace) => held.includes(namespace));
    } catch {
      return false; // It has ended meanwhile.
    }
  });
  const mounted = [...readFileSync('/proc/self/mountinfo', 'utf8').matchAll(/net:\[\d+\]/g)].map(([name]) => name);
  return [...processes, ...mounted.filter((name) => held.includes(name))];
}

const starters: ChildProcess[] = [];
afterEach(() => {
  for (const starter of starters.splice(0)) starter.kill('SIGKILL');
});

async function started(): Promise<{ starter: ChildProcess; pid: number }> {
  const starter = spawn(process.execPath, ['-e', STARTER], { stdio: ['ignore', 'pipe', 'ignore'] });
  starters.push(starter);
  const line = await new Promise<string>((resolve) => createInterface(starter.stdout).once('line', resolve));
  return { starter, pid: Number(line) };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !holds(); tries++) await new Promise((resolve) => void setTimeout(resolve, 10));
}

describe.skipIf(missing.length > 0)('what is left after kill -9', () => {
  it.each(['the command', 'the helper'])('is nothing: no namespace and no process, when %s is killed', async (who) => {
    const { starter, pid } = await started();
    // The stock of empty namespaces fills up.
    await until(() => heldBy(pid).length >= 8);
    const held = heldBy(pid);
    expect(held.length).toBeGreaterThanOrEqual(8);
    // A namespace lives as long as somebody holds it. Nobody but the helper does, so with it they are gone; their numbers, others get next.
    expect(otherHolders(held, pid)).toEqual([]);
    process.kill(who === 'the command' ? (starter.pid ?? 0) : pid, 'SIGKILL');
    const ended = (): boolean => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    await until(ended);
    expect(ended()).toBe(true);
  });

  it('has no name under /run/netns, and the namespace of the machine is none of them', async () => {
    const { pid } = await started();
    await until(() => heldBy(pid).length >= 2);
    const held = heldBy(pid);
    expect(held).not.toContain(readlinkSync('/proc/self/ns/net'));
    const named = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
    const inodes = named.flatMap((name) => statSync(`/run/netns/${name}`, { throwIfNoEntry: false })?.ino ?? []);
    expect(inodes.filter((inode) => held.includes(`net:[${inode}]`))).toEqual([]);
  });
});
