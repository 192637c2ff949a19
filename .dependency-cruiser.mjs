// The layer rules of the house: imports point inward, and no room at the edge knows another.
const unit = '[.]test[.]ts$';

/** Files under `from` may only import what `to` matches: everything else, npm packages and Node included, is an error. */
function only(name, comment, from, to) {
  return { name, comment, severity: 'error', from: { path: from, pathNot: unit }, to: { pathNot: to } };
}

/** Files under `from` may import, of this project, only what `to` matches; npm packages and Node are free. */
function onlyOfOurs(name, comment, from, to) {
  const ours = '^(src|tests|bench|scripts|bin|web|examples)/';
  return { name, comment, severity: 'error', from: { path: from, pathNot: unit }, to: { path: ours, pathNot: to } };
}

const storageCraft = '^src/adapters/storage/(registry[.]ts|sql/|shared/)';
const processingCraft = '^src/adapters/processing/worker/';
const sourceCraft = '^src/adapters/(sources/shared|shared)/';

export default {
  forbidden: [
    only('domain-is-pure', 'The domain imports nothing outside itself.', '^src/domain/', '^src/domain/'),
    onlyOfOurs(
      'application-knows-the-domain-only',
      'Use cases and ports import the domain; technology reaches them through ports.',
      '^src/application/',
      '^src/(application|domain)/',
    ),
    onlyOfOurs('formats-know-the-domain-only', 'Formats are pure codecs.', '^src/formats/', '^src/(formats|domain)/'),
    onlyOfOurs(
      'infrastructure-makes-no-business-choice',
      'Infrastructure imports the domain at most.',
      '^src/infrastructure/',
      '^src/(infrastructure|domain)/',
    ),
    onlyOfOurs(
      'adapters-point-inward',
      'Adapters implement ports; they know neither presentation nor the wiring.',
      '^src/adapters/',
      '^src/(adapters|application|domain|formats|infrastructure)/',
    ),
    onlyOfOurs(
      'storage-engines-are-apart',
      'An engine knows itself, the registry and the SQL craft that engines share.',
      '^src/adapters/storage/([^/]+)/',
      `^src/(application|domain|formats|infrastructure)/|^src/adapters/storage/$1/|${storageCraft}`,
    ),
    onlyOfOurs(
      'processors-are-apart',
      'A processor knows itself and the threads that processors share.',
      '^src/adapters/processing/([^/]+)/',
      `^src/(application|domain|formats|infrastructure)/|^src/adapters/processing/$1/|${processingCraft}`,
    ),
    onlyOfOurs(
      'sources-are-apart',
      'A source knows itself and the craft that sources share.',
      '^src/adapters/sources/([^/]+)/',
      `^src/(application|domain|formats)/|^src/adapters/sources/$1/|${sourceCraft}`,
    ),
    {
      name: 'adapter-families-are-apart',
      comment: 'No adapter family imports another; the craft of several lies in shared/, which knows none of them.',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/', pathNot: unit },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/($1|shared)/' },
    },
    onlyOfOurs(
      'presentation-points-inward',
      'Presentation takes use cases; it may use formats and knows no adapter. The CLI entry is the one exception.',
      '^src/presentation/(?!cli/main[.]ts$)',
      '^src/(presentation|application|domain|formats|infrastructure)/',
    ),
    {
      name: 'protocols-are-apart',
      comment: 'No protocol imports another; what they share lies beside them.',
      severity: 'error',
      from: { path: '^src/presentation/([^/]+)/', pathNot: unit },
      to: { path: '^src/presentation/[^/]+/', pathNot: '^src/presentation/$1/' },
    },
    {
      name: 'source-knows-no-tests',
      comment: 'Only unit tests beside the source may import from tests/ and bench/.',
      severity: 'error',
      from: { path: '^src/', pathNot: unit },
      to: { path: `^(tests|bench|scripts)/|${unit}` },
    },
    { name: 'no-cycles', comment: 'No cycles.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependencies-at-run-time',
      comment: 'What src/ imports is installed in production.',
      severity: 'error',
      from: { path: '^src/', pathNot: unit },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
