/** The layers, from the top to the bottom: a file may import from its own layer and from those below it. */
const LAYERS = [
  'cli',
  'tui',
  'report',
  'show',
  'scenario',
  'snapshot',
  'aks',
  'walk',
  'world',
  'cni',
  'kube',
  'azure',
  'linux',
  'sim',
  'trace',
  'wire',
];

/** Folders that may import Node's own modules, besides files named `*.node.ts`; the rest also runs in a browser. */
const NODE_ALLOWED = '^src/(cli|tui|snapshot)/|\\.node\\.tsx?$';

const anyOf = (layers) => `^src/(${layers.join('|')})/`;

const KNOWN = `${anyOf(LAYERS)}|^src/index\\.ts$`;

const upward = LAYERS.slice(1).map((layer, i) => ({
  name: `upward-from-${layer}`,
  comment: `${layer}/ imports a layer above it; dependencies point downwards only (see CONTRIBUTING.md).`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `${anyOf(LAYERS.slice(0, i + 1))}|^src/index\\.ts$` },
}));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'azure-not-linux',
      comment: 'A host and the fabric know nothing of each other; they meet in walk/ at a NIC.',
      severity: 'error',
      from: { path: '^src/azure/' },
      to: { path: '^src/linux/' },
    },
    {
      name: 'judge-not-generator',
      comment: 'The judge asks the kernel about any world; the random networks are one source of them.',
      severity: 'error',
      from: { path: '^src/snapshot/kernel/' },
      to: { path: '^src/snapshot/random/' },
    },
    {
      name: 'library-not-cli',
      comment: 'The public library holds no command and no screen.',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: anyOf(['cli', 'tui']) },
    },
    {
      name: 'unknown-layer',
      comment: 'A new folder in src/ gets its place in the list of layers.',
      severity: 'error',
      from: { path: '^src/', pathNot: KNOWN },
      to: {},
    },
    {
      name: 'no-node-modules-of-node',
      comment: 'The engine also runs in a browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: NODE_ALLOWED },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'walk-stays-light',
      comment: 'Parsers, drafts and graphs serve the edges; a walk runs without them.',
      severity: 'error',
      from: { path: anyOf(['walk', 'azure', 'linux', 'sim', 'trace', 'wire']) },
      to: { path: 'node_modules/(ip-num|immer|zod|yaml|commander|picocolors|@dagrejs|ink|react)/' },
    },
    {
      name: 'pictures-are-loaded-when-drawn',
      comment:
        'Layout of graphs costs time to load: only the picture of a trace needs it, and whoever wants one imports it when it is asked for.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/report/trace/svg' },
      to: { path: '^src/report/trace/svg|node_modules/@dagrejs/', dynamic: false },
    },
    {
      name: 'only-the-tracer-loads-ink',
      comment: 'Ink and React take longer to load than most walks take.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/tui/' },
      to: { path: 'node_modules/(ink|react)/' },
    },
    {
      name: 'only-its-command-loads-the-tracer',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(tui/|cli/tui\\.ts$)' },
      to: { path: '^src/tui/' },
    },
    {
      name: 'no-cycle',
      comment:
        'Two files that need each other are one, or need a third. Except the stages of a packet in linux/path: as in the kernel, ' +
        'each hands over to the next, and an ICMP error or a bridge leads back to the start; a stage is a function and holds no state.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/linux/path/' },
      to: { circular: true },
    },
    {
      name: 'no-test-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-development-package',
      comment: 'A user installs `dependencies` only.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    cache: { folder: '.cache/dependency-cruiser', strategy: 'content' },
  },
};
