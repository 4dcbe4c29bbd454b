import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HAS_TMUX, Terminal, bundle, endAll, expectOn, podwalk } from './terminal.ts';

if (!HAS_TMUX) console.warn('test/tui: 19 sessions in a real terminal are left out: tmux is missing');

const open: Terminal[] = [];

function terminal(...args: ConstructorParameters<typeof Terminal>): Terminal {
  const one = new Terminal(...args);
  open.push(one);
  return one;
}

beforeAll(() => {
  if (HAS_TMUX) bundle();
}, 60_000);

afterAll(() => {
  for (const one of open) one.end();
  if (HAS_TMUX) endAll();
});

describe.skipIf(!HAS_TMUX)('a person at a terminal', { timeout: 90_000 }, () => {
  it('picks two ends by a few letters and sees at once whether it works, both ways, and why', async () => {
    const tui = terminal('TUI scenarios/azure.yaml');
    await expectOn(tui, 'REPLIED', 'request ✔', 'reply ✔', 'pod default/web saw 10.224.0.6:40000');
    tui.keys('t');
    await expectOn(tui, 'whom to?');
    tui.type('svcw');
    await expectOn(tui, '> svcw', 'svc/default/web');
    tui.keys('Enter');
    await expectOn(tui, 'to svc/default/web', 'answered by 10.0.1.1:80');
    tui.keys('p');
    await expectOn(tui, 'destination port');
    tui.type('81');
    tui.keys('Enter');
    await expectOn(tui, '✘', 'has no port 81', '80');
    tui.keys('f');
    await expectOn(tui, 'who sends?');
    tui.type('node-0');
    tui.keys('Enter', 'p');
    await expectOn(tui, 'from node/node-0', 'destination port');
    tui.type('80');
    tui.keys('Enter');
    await expectOn(tui, 'REPLIED', 'from node/node-0', 'to svc/default/web');
    tui.end();
  });

  it('steps through request and reply, forward, back, to the ends, and plays', async () => {
    const tui = terminal('TUI scenarios/azure.yaml', 120, 40);
    await expectOn(tui, '4 step 1 of 29', 'request, hop 1');
    tui.keys('l');
    await expectOn(tui, '4 step 2 of 29', '10.224.0.0/16 dev eth0');
    tui.keys('h');
    await expectOn(tui, '4 step 1 of 29');
    tui.keys('>');
    await expectOn(tui, '4 step 29 of 29', 'ack, hop 5');
    tui.keys('l');
    await expectOn(tui, 'this is the last step');
    tui.keys('<', 'r');
    await expectOn(tui, 'reply, hop 1');
    tui.keys('<', 'Space');
    await expectOn(tui, 'playing');
    await expectOn(tui, /4 step [3-9] of 29/);
    tui.keys('Space');
    const paused = await expectOn(tui, /2 time line {2}summary/);
    expect(paused).not.toContain('playing');
    tui.end();
  });

  it('sees the deciding rule highlighted in its table, with its neighbours and who wrote it', async () => {
    const tui = terminal('TUI scenarios/azure.yaml --to svc/default/web:80', 120, 40);
    await expectOn(tui, '10.0.1.1');
    tui.keys('/');
    await expectOn(tui, 'filter the time line');
    tui.type('DNAT');
    tui.keys('Enter');
    const screen = await expectOn(tui, /▶ -A KUBE-SEP-\S+ -p tcp /, /from +svc default\/web/, '* ', 'dst 10.0.1.1:80 → 10.224.0.42:80');
    expect(screen).toMatch(/-A KUBE-SEP-\S+ -s 10\.224\.0\.42\/32/);
    tui.end();
  });

  it('asks why not at a drop and reads what did not match', async () => {
    const tui = terminal('TUI scenarios/faults/forward-policy-drop.yaml');
    await expectOn(tui, 'step 1: healthy');
    tui.keys('n');
    await expectOn(tui, '1 edit');
    tui.keys('n');
    await expectOn(tui, 'DROPPED NETFILTER_DROP', 'FORWARD policy DROP', '2 edits');
    tui.keys('w');
    await expectOn(tui, 'Not decided by these', 'filter:KUBE-FORWARD[2]', 'because mark 0x0 is not 0x4000/0x4000');
    tui.end();
  });

  it('changes a rule in place: walk and checks turn; undo, redo, compare; saves it as a scenario that runs', async () => {
    const tui = terminal('TUI scenarios/azure.yaml; echo left with $?; sleep 90', 100, 30);
    await expectOn(tui, '✔ all 3 hold');
    tui.keys('E');
    await expectOn(tui, 'which operation?');
    tui.type('insert-rule');
    tui.keys('Enter');
    await expectOn(tui, '> on: pod/default/client, chain: , rule:', 'iptables -I CHAIN');
    tui.keys('C-u');
    tui.type('on: node/node-1, table: filter, chain: FORWARD, rule: -p tcp --dport 80 -j DROP');
    tui.keys('Enter');
    await expectOn(tui, 'DROPPED NETFILTER_DROP', '1 edit', '✘ 2 of 3 fail', '(was pass)');
    tui.keys('z');
    await expectOn(tui, 'REPLIED', 'taken back', '✔ all 3 hold');
    tui.keys('Z');
    await expectOn(tui, 'DROPPED', '1 edit');
    tui.keys('D');
    await expectOn(tui, 'base  ✔ REPLIED', 'now   ✘ DROPPED NETFILTER_DROP', 'The walks part', 'pass → fail');
    tui.keys('q');
    await expectOn(tui, 'q again leaves without saving, ctrl+s saves', '1 edit');
    tui.keys('C-s');
    await expectOn(tui, 'save the edits as a scenario file');
    const file = path.join(tui.folder, 'edited.yaml');
    tui.type(file);
    tui.keys('Enter');
    await expectOn(tui, 'written:');
    expect(readFileSync(file, 'utf8')).toContain('insert-rule:');
    const ran = podwalk('run', file);
    expect(ran.stdout).toContain('4 checks: 4 pass');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    tui.keys('q');
    await expectOn(tui, 'left with 0');
    tui.end();
  });

  it('looks at the map, which moves with the steps, from the cluster to a namespace', async () => {
    const tui = terminal('TUI scenarios/faults/kubenet-route-missing.yaml');
    await expectOn(tui, 'REPLIED');
    tui.keys('M');
    await expectOn(tui, 'Azure fabric', '●default/client', 'node-1 10.224.0.5');
    tui.keys('l', 'l');
    await expectOn(tui, '[3]', '●');
    tui.keys('l', 'l', 'l', 'Enter');
    await expectOn(tui, 'cbr0', 'machine  enter nearer');
    tui.keys('Enter');
    await expectOn(tui, 'netns  enter nearer', '[route-input]');
    tui.keys('BSpace', 'BSpace');
    await expectOn(tui, 'cluster  enter nearer');
    tui.end();
  });

  it('reads the matrix, with outcome and whose address is seen, and jumps from a cell to its walk', async () => {
    const tui = terminal('TUI scenarios/azure.yaml');
    await expectOn(tui, 'REPLIED');
    tui.keys('m');
    await expectOn(tui, /internet\s+X\s+X/, '.p');
    tui.keys('j', 'l', 'l');
    await expectOn(tui, 'default/web → svc/default/web:80 tcp', 'seen from 10.224.0.33', "a node's", '[.n]');
    tui.keys('Enter');
    await expectOn(tui, 'from default/web  to svc/default/web  port 80', '2 time line');
    tui.end();
  });

  it('looks into the tables of any machine and filters them', async () => {
    const tui = terminal('TUI scenarios/azure.yaml');
    await expectOn(tui, 'REPLIED');
    tui.keys('T');
    await expectOn(tui, 'ip route show table all');
    tui.keys('Enter');
    await expectOn(tui, 'tables of which place?');
    tui.type('node-0/root');
    tui.keys('Enter');
    await expectOn(tui, /place {2}node-0\/root/);
    tui.keys('l', 'l', 'l', 'l', 'l');
    await expectOn(tui, 'iptables -t nat -S');
    tui.keys('/');
    await expectOn(tui, 'filter the table');
    tui.type('KUBE-SEP');
    await expectOn(tui, '✔ 4 left');
    tui.keys('Enter');
    await expectOn(tui, 'filter KUBE-SEP  4 rows', '-A KUBE-SEP-HJ2AMGYXYD56NRR4 -p tcp');
    tui.end();
  });

  it('exports the walk to files and copies it to the clipboard', async () => {
    const tui = terminal('TUI scenarios/azure.yaml');
    await expectOn(tui, 'REPLIED');
    for (const [format, sign] of [
      ['text', 'REPLIED  answered by'],
      ['markdown', '| '],
      ['json', '"trace":1'],
      ['pcapng', 'eth0'],
      ['svg', '<svg'],
    ] as const) {
      const file = path.join(tui.folder, `walk.${format}`);
      tui.keys('x');
      await expectOn(tui, 'export as');
      tui.type(format);
      tui.keys('Enter');
      await expectOn(tui, `export as ${format}`);
      tui.keys('C-u');
      tui.type(file);
      tui.keys('Enter');
      await expectOn(tui, 'written:');
      expect(existsSync(file)).toBe(true);
      expect(readFileSync(file, 'utf8')).toContain(sign);
    }
    tui.keys('y');
    await expectOn(tui, 'copied as text');
    expect(tui.clipboard()).toContain('REPLIED  answered by 10.224.0.42:80');
    tui.end();
  });

  it('finds every key of the pane in the help, and why some do nothing now', async () => {
    const tui = terminal('TUI scenarios/azure.yaml');
    await expectOn(tui, 'REPLIED');
    tui.keys('?');
    await expectOn(tui, 'here: time line', 'one step forward', 'not now: this is the first step');
    tui.keys('G');
    await expectOn(tui, 'quit and leave the screen');
    tui.keys('Escape');
    await expectOn(tui, '4 step 1 of 29');
    tui.end();
  });

  it('loses nothing when the window changes its size', async () => {
    const tui = terminal('TUI scenarios/azure.yaml');
    await expectOn(tui, '4 step 1 of 29');
    tui.keys('l', 'l', 'l', 'l', 'w');
    // The last line is drawn last: before it stands there, the screen can be half of what it was.
    const before = await expectOn(tui, '4 step 5 of 29', '[why not', '✔ all 3 hold', /^ l step .*\? help\s*$/m);
    tui.resize(140, 50);
    await expectOn(tui, /\[why not[^\]]*\] conntrack/);
    tui.resize(50, 10);
    await expectOn(tui, 'podwalk needs 60x16');
    tui.resize(80, 24);
    const after = await expectOn(tui, '4 step 5 of 29', '[why not', '✔ all 3 hold', '? help');
    expect(after).toBe(before);
    tui.end();
  });

  it('gives the terminal back: on leaving, on ctrl+z and fg, and when it is killed', async () => {
    const shell = terminal("env PS1='ready> ' bash --norc -i");
    await expectOn(shell, 'ready>');
    shell.type('TUI scenarios/azure.yaml'.replace('TUI', tuiCommand()));
    shell.keys('Enter');
    await expectOn(shell, 'REPLIED');
    shell.keys('l', 'C-z');
    await expectOn(shell, 'Stopped', 'ready>');
    shell.type('fg');
    shell.keys('Enter');
    await expectOn(shell, '4 step 2 of 29');
    shell.keys('q');
    await expectOn(shell, /ready>$/m);
    shell.type('echo left with $? && tput cols');
    shell.keys('Enter');
    await expectOn(shell, 'left with 0');
    shell.type(`${tuiCommand()} scenarios/azure.yaml`);
    shell.keys('Enter');
    await expectOn(shell, '4 step 1 of 29');
    shell.keys('C-z');
    await expectOn(shell, 'Stopped');
    shell.type('kill -TERM %1; fg');
    shell.keys('Enter');
    // The prompt that stands there before is not the one to wait for.
    await expectOn(shell, /^Terminated[\s\S]*ready>$/m);
    shell.type('echo code $? cursor');
    shell.keys('Enter');
    await expectOn(shell, /code \d+ cursor/);
    shell.end();
  });

  it('shows how far it is while a large world is built, and every way out works meanwhile', async () => {
    const shell = terminal("env PS1='ready> ' bash --norc -i");
    await expectOn(shell, 'ready>');
    const file = path.join(shell.folder, 'large.yaml');
    writeFileSync(file, largeScenario(250, 50));
    const start = `${tuiCommand()} ${file}; echo left with $?`;
    shell.type(start);
    shell.keys('Enter');
    await expectOn(shell, /\d+ of \d+/, 'q or esc leaves');
    shell.keys('C-z');
    await expectOn(shell, 'Stopped', 'ready>');
    shell.resize(70, 20);
    shell.type('fg');
    shell.keys('Enter');
    await expectOn(shell, /^┏━ podwalk ━{58}┓$/m, /\d+ of \d+/, 'q or esc leaves');
    shell.keys('x');
    await expectOn(shell, 'the world is not built yet');
    shell.keys('Escape');
    await expectOn(shell, /ready>$/m);
    shell.type(start);
    shell.keys('Enter');
    await expectOn(shell, 'REPLIED', '4 step 1 of');
    shell.keys('l');
    await expectOn(shell, '4 step 2 of');
    shell.keys('q');
    await expectOn(shell, 'left with 0');
    shell.end();
  });

  it('works without colours, and without Unicode', async () => {
    const tui = terminal('env NO_COLOR=1 TUI scenarios/azure.yaml --ascii');
    await expectOn(tui, 'REPLIED', 'request + reached');
    // oxlint-disable-next-line no-control-regex -- colours
    expect(tui.styled()).not.toMatch(/\u001b\[[\d;]*\b(?:3[0-7]|4[0-7]|9[0-7])\b[\d;]*m/);
    // oxlint-disable-next-line no-control-regex -- nothing but ASCII
    expect(tui.screen()).toMatch(/^[\x0a\x20-\x7e]*$/);
    tui.end();
  });
});

describe.skipIf(!HAS_TMUX)('a request that the command line asks for', { timeout: 60_000 }, () => {
  it.each([
    ['--from nope --to x'],
    ['--from pod/default/nope --to default/web'],
    ['--from default/client --to svc/default/web:81'],
    ['--from default/client --to no:such:thing'],
  ])('ends with what podwalk trace says, and no screen is taken: %s', async (request) => {
    const traced = podwalk('trace', 'scenarios/azure.yaml', ...request.split(' '));
    expect(traced.status).toBe(2);
    const shell = terminal("env PS1='ready> ' bash --norc -i");
    await expectOn(shell, 'ready>');
    const written = path.join(shell.folder, 'written');
    shell.type(`script -qec '${tuiCommand()} scenarios/azure.yaml ${request}' ${written}; echo left with $?`);
    shell.keys('Enter');
    await expectOn(shell, 'left with 2');
    const all = readFileSync(written, 'utf8').replaceAll('\r\n', '\n');
    expect(all).toContain(traced.stderr);
    expect(all).not.toContain('\u001b[?1049h');
    shell.end();
  });

  it('opens with the rest chosen', async () => {
    const tui = terminal('TUI scenarios/azure.yaml --from node/node-0');
    await expectOn(tui, 'from node/node-0', 'REPLIED');
    tui.end();
  });
});

function largeScenario(nodes: number, podsOfEach: number): string {
  const pods = Array.from(
    { length: nodes },
    (_, node) => `  - { name: web-${node}, node: ${node}, replicas: ${podsOfEach}, listens: [tcp/80] }`,
  );
  const cluster = `cluster: { mode: overlay, nodes: ${nodes}, podCidr: 100.64.0.0/10, serviceCidr: 172.16.0.0/16, maxPods: 60 }`;
  return `${cluster}\npods:\n${pods.join('\n')}\nservices:\n  - { name: web-0, ports: [80] }\n`;
}

function tuiCommand(): string {
  return `LANG=C.UTF-8 ${process.execPath} .cache/tui-test/podwalk.js tui`;
}

describe('where there is no terminal', () => {
  it.skipIf(!HAS_TMUX)('the tracer says so in one line and ends with status 2', () => {
    const { status, stdout, stderr } = podwalk('tui', 'scenarios/azure.yaml');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe('podwalk: the tracer needs a terminal; podwalk trace prints a walk anywhere\n');
  });

  it.skipIf(!HAS_TMUX)('a file that does not exist is what is said', () => {
    const traced = podwalk('trace', 'nofile.yaml', '--from', 'a', '--to', 'b');
    expect(podwalk('tui', 'nofile.yaml')).toMatchObject({ status: 2, stdout: '', stderr: traced.stderr });
    expect(traced.stderr).toMatch(/^nofile\.yaml: can not be read: /);
  });
});
