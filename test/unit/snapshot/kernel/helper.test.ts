import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Helper, type LabRun } from '../../../../src/snapshot/kernel/helper.ts';
import type { LabPlan } from '../../../../src/snapshot/kernel/plan.ts';
import { CannotBuild } from '../../../../src/snapshot/kernel/plan/word.ts';
import { InvariantError } from '../../../../src/wire/invariant.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'podwalk-helper-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NOTHING: LabPlan = { namespaces: [], links: [], sinks: [], vxlanPorts: [] };
const HELLO = `echo '{"hello":{"sysctls":{},"release":"6.18.0"}}'`;

const helpers: Helper[] = [];
afterEach(() => {
  for (const helper of helpers.splice(0)) helper.close();
});

/** A helper that is this shell script. */
async function start(...lines: string[]): Promise<Helper> {
  const file = path.join(folder, 'python');
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
  const helper = await Helper.start(file, 0);
  helpers.push(helper);
  return helper;
}

async function ask(helper: Helper): Promise<LabRun> {
  return helper.run(NOTHING, [], 'fresh');
}

describe('the process that asks the kernel', () => {
  it('cannot build what it says it cannot, and goes on', async () => {
    const helper = await start(
      HELLO,
      'read one',
      `echo '{"id":1,"failed":"m/n: ip: no"}'`,
      'read two',
      `echo '{"id":2,"done":true}'`,
      'read three',
    );
    await expect(ask(helper)).rejects.toThrow(new CannotBuild('m/n: ip: no'));
    expect(await ask(helper)).toEqual({ truths: [], routes: {} });
  });

  it('has a bug where it dies over a request, and whoever asks then is told at once', async () => {
    const helper = await start(HELLO, 'read one', `echo 'Traceback' >&2`, `echo "KeyError: 'vxlanPorts'" >&2`, 'exit 1');
    const died = new InvariantError("the helper process has ended: KeyError: 'vxlanPorts'");
    await expect(ask(helper)).rejects.toThrow(died);
    await expect(ask(helper)).rejects.toThrow(died);
  });

  it('has a bug where it is gone before it is asked', async () => {
    await expect(ask(await start(HELLO))).rejects.toBeInstanceOf(InvariantError);
  });

  it('is a lack of the machine where it never begins', async () => {
    await expect(start(`echo 'PermissionError: unshare' >&2`, 'exit 1')).rejects.toThrow(
      new CannotBuild('the helper process has ended: PermissionError: unshare'),
    );
    await expect(Helper.start(path.join(folder, 'no-python'), 0)).rejects.toBeInstanceOf(CannotBuild);
  });
});
