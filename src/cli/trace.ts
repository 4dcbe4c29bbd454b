import { type Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../report/printable.ts';
import { DETAILS } from '../report/trace/detail.ts';
import { probeOf } from '../scenario/probe.ts';
import { MAX_BRANCHES } from '../walk/run-probe.ts';
import { EXIT, type Exit, UsageError } from './exit.ts';
import { FORMATS, type Format, type ReportFlags, checkReport, writeTraces } from './trace-report.ts';
import { type WalkFlags, refused, sessionFor, walkProbe } from './walk.ts';
import { type OpenedWorld, openWorld } from './world.ts';

interface TraceFlags extends WalkFlags, ReportFlags {
  readonly from?: string;
  readonly to?: string;
  readonly proto?: 'tcp' | 'udp' | 'icmp';
  readonly sport?: number;
  readonly ttl?: number;
  readonly size?: number;
  readonly df?: boolean;
  readonly mark?: number;
  readonly tos?: number;
  readonly src?: string;
  readonly spoof?: string;
  readonly bindDev?: string;
  readonly probes?: string;
  readonly lenient?: true;
  readonly root?: string;
}

/** `podwalk trace`. */
export function declare(command: Command, finish: (status: Exit) => void): void {
  command
    .argument('<source>', 'a scenario file or a snapshot directory')
    .option('--from <endpoint>', 'who sends: an endpoint (below) that is a place')
    .option('--to <endpoint>', 'whom to: an endpoint (below), with :PORT, which icmp ignores')
    .addOption(
      new Option('--proto <protocol>', 'default: what a service says, tcp where there is a port, else icmp').choices([
        'tcp',
        'udp',
        'icmp',
      ]),
    )
    .option('--sport <port>', 'source port, for icmp the identifier', within(0, 65_535))
    .option('--ttl <hops>', 'time to live', within(1, 255))
    .option('--size <bytes>', 'UDP payload, or bytes after the ICMP header; of no effect on tcp', within(0, 65_507))
    .option('--df', "don't fragment")
    .option('--no-df', 'allow fragmentation')
    .option('--mark <mark>', 'SO_MARK', within(0, 0xffff_ffff))
    .option('--tos <tos>', 'type of service', within(0, 255))
    .option('--src <address>', 'address that the socket is bound to')
    .option('--spoof <address>', 'send a ready-made packet with this source')
    .option('--bind-dev <device>', 'SO_BINDTODEVICE')
    .option('--seed <number>', 'decides what is left to chance', within(-2_147_483_648, 4_294_967_295))
    .addOption(new Option('--detail <level>', 'how much of the walk').choices(DETAILS).default('summary'))
    .option('--format <form>', `form of the output: ${FORMATS.join(', ')}`, format, 'text')
    .option('--output <file>', 'write to a file instead of standard output')
    .option('--all-branches', 'walk every way that load balancing leaves open')
    .option('--max-branches <number>', 'at most so many of them', within(1, 100_000), MAX_BRANCHES)
    .option('--probes <file>', 'read probes as JSON lines from a file, or - for standard input; write JSON lines')
    .option('--fresh', 'each probe starts from the state of the source')
    .option('--cold', 'as --fresh, and without what is not permanent: connections, neighbours, forwarding entries')
    .option('--lenient', 'unknown matches and targets of a snapshot make walks UNKNOWN instead of being errors')
    .option('--root <folder>', 'files may be included from here and below')
    .addHelpText('after', MORE)
    .action(async (source: string, flags: TraceFlags) => {
      if (flags.probes !== undefined && command.getOptionValueSource('format') === 'cli' && flags.format !== 'json')
        throw new UsageError('--probes writes JSON lines; leave --format out');
      finish(await trace(source, flags));
    });
}

const MORE = `
Endpoints: pod/NAMESPACE/NAME, or NAMESPACE/NAME; deploy/NAMESPACE/NAME (its first pod; also sts, ds, rs); node/NAME; vm/NAME; onprem/NAME;
internet, internet/NAME; netns/MACHINE/NAME; an IPv4 address. Only --to: svc/NAMESPACE/NAME:PORT, the cluster address from inside, the load
balancer's from outside; @cluster, @lb, @external or @node/NODE behind it says which.
Only --from: link/MACHINE/NETNS/DEV, which puts a frame in there; it needs --src.
--probes takes one JSON object a line: {"id":1,"from":"default/client","proto":"tcp","dst":"svc/default/web","dport":80}; from, proto and dst
must be there; sport, src, ttl, size, df, mark, tos, spoof and bindDev may be.
--format json writes one JSON object a line, several with --all-branches.
Exit status: 0 whatever became of the packet, also where it was lost; 2 bad input; 3 a walk was UNKNOWN.`;

function within(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^(?:-?\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`a whole number from ${min} to ${max} is expected`);
    return value;
  };
}

function format(text: string): Format {
  const known = FORMATS.find((one) => one === text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`one of ${FORMATS.join(', ')} is expected`);
}

async function trace(source: string, flags: TraceFlags): Promise<Exit> {
  if (flags.probes !== undefined) {
    if (flags.from !== undefined || flags.to !== undefined)
      throw new UsageError('--probes names its own senders and targets; leave --from and --to out');
    const { traceProbes } = await import('./trace-probes.ts');
    return traceProbes(await open(source, flags), flags.probes, flags);
  }
  if (flags.from === undefined || flags.to === undefined) throw new UsageError('trace needs --from and --to, or --probes');
  checkReport(flags, flags.allBranches === true);
  const opened = await open(source, flags);
  const { proto = null, sport, ttl, size, df = 'auto', mark, tos, src, spoof, bindDev } = flags;
  const send = Object.fromEntries(
    Object.entries({ sport, ttl, size, df, mark, tos, src, spoof, bindDev }).filter(([, value]) => value !== undefined),
  );
  const probe = probeOf({ from: flags.from, to: flags.to, proto, send }, opened.world);
  if ('field' in probe) throw refused(probe);
  const traces = walkProbe(opened, sessionFor(opened, flags), probe, flags);
  await writeTraces(traces, flags, opened);
  return traces.some(({ outcome }) => outcome === 'unknown') ? EXIT.UNKNOWN : EXIT.OK;
}

async function open(source: string, flags: TraceFlags): Promise<OpenedWorld> {
  const opened = await openWorld(source, flags);
  for (const note of opened.notes) process.stderr.write(`note: ${printable(note)}\n`);
  return opened;
}
