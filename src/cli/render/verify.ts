import { append } from '../../model/lists.ts';
import type {
  EntryOrigin,
  EntryVerdict,
  Evidence,
  LayerVerdict,
  UnsignedPart,
  VerifyReport,
} from '../../model/verify-report.ts';
import { count, formatSize, labelled, printableLine, table } from './format.ts';

/** Number of entries of one kind that are shown; `--verbose` shows all. */
const MAX_SHOWN = 12;

/** Number of keys that are listed by name. */
const MAX_KEYS = 4;
const SIGNED = 'signed by ';

/** Kinds of entries in the order of the report: first those that matter most about the image's own part. */
const EXCEPTIONS: readonly (readonly [EntryOrigin, meaning: string])[] = [
  ['generated', 'generated'],
  ['symlink', 'symlinks'],
  ['database', "the package manager's database"],
  ['install', 'install steps for /.pkg/install.sh'],
  ['whiteout', 'hidden'],
];
const OWN: readonly (readonly [EntryOrigin, meaning: string])[] = [
  ['package', "packages' own files"],
  ['attributes', "packages' files with changed owners, modes or times"],
  ['moved', "packages' files at a different path"],
  ['directory', 'directories'],
];

/**
 * Renders how an image was verified: what its layers are, which entries no signature covers, problems, and the conclusion; with
 * `verbose`, also every layer and entry.
 */
export function renderVerify(report: VerifyReport, { verbose }: { readonly verbose: boolean }): string {
  const install = report.layers.find(({ kind }) => kind === 'install');
  return [
    ...head(report),
    ...configLines(report),
    ...(verbose ? [`\n${layerTable(report.layers)}`] : []),
    ...unsignedLines(report.layers, verbose),
    ...report.layers
      .filter(({ kind }) => kind === 'install' || kind === 'files')
      .flatMap((layer) => topLines(layer, verbose)),
    ...report.notes.map((note) => labelled('note', note)),
    ...problemLines(report),
    conclusion(report, install),
  ]
    .map((line) => (line.endsWith('\n') ? line : `${line}\n`))
    .join('');
}

function head(report: VerifyReport): readonly string[] {
  const { image, tags, digest, imageId, platform, layers } = report;
  const kinds = (['package', 'derived', 'install', 'files', 'refused'] as const)
    .map((kind) => ({ kind, amount: layers.filter((layer) => layer.kind === kind).length }))
    .filter(({ amount }) => amount > 0)
    .map(({ kind, amount }) => `${amount} ${kind}`);
  const lines: [name: string, text: string][] = [
    ['image', image],
    ...tags.map((tag): [string, string] => ['tag', tag]),
    ['platform', platform],
    ...(digest === null ? [] : [['digest', digest] as [string, string]]),
    ['image id', imageId],
    ['layers', `${layers.length} (${kinds.join(', ')})`],
    ...vouchings(layers).map(([text, amount]): [string, string] => ['packages', `${amount} ${text}`]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(8)}  ${printableLine(text)}`);
}

/** Renders the image's config, always: it decides what a container runs. */
function configLines({ config }: VerifyReport): readonly string[] {
  const settings = Object.entries(config.settings);
  if (settings.length === 0)
    return ['\nconfig, not covered by any signature: nothing that decides what a container runs'];
  const heading = config.asComposed
    ? 'config, not covered by any signature, with default settings:'
    : 'config, not covered by any signature, with non-default settings:';
  return [
    `\n${heading}`,
    ...settings.map(([name, text]) =>
      printableLine(
        `  ${name.replace(/^Env (.*)$/s, 'Env $1=')}${name.startsWith('Env ') ? '' : ' '}${text}`,
      ),
    ),
  ];
}

/** Renders one line per kind where nothing can be named. */
function unsignedLines(layers: readonly LayerVerdict[], verbose: boolean): readonly string[] {
  const all = layers.flatMap(({ at, unsigned }) => unsigned.map((part) => ({ at, ...part })));
  if (all.length === 0) return [];
  const named = all.filter(({ path }) => path !== null);
  const shown = verbose ? named : named.slice(0, MAX_SHOWN);
  const more = named.length - shown.length;
  const kinds = Map.groupBy(
    all.filter(({ path }) => path === null),
    ({ what }) => what,
  );
  return [
    '\nbytes not covered by any signature:',
    ...shown.map(({ at, path, what, sizeBytes }) =>
      printableLine(`  layer ${at}: /${path} (${sizeText(sizeBytes)})  ${what}`),
    ),
    ...(more === 0 ? [] : [`  and ${more} more (--verbose)`]),
    ...[...kinds].map(
      ([what, parts]) =>
        `  ${what}: ${sizeText(sumOf(parts))} in ${count(new Set(parts.map(({ at }) => at)).size, 'layer')}`,
    ),
  ];
}

const sizeText = (bytes: number | null): string => (bytes === null ? 'not counted' : formatSize(bytes));

/** Adds up sizes; null if none of them was counted. */
function sumOf(parts: readonly UnsignedPart[]): number | null {
  const sizes = parts.flatMap(({ sizeBytes }) => sizeBytes ?? []);
  return sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0);
}

/** Counts the packages by what they are verified by; Arch has a key for each of its packagers. */
function vouchings(layers: readonly LayerVerdict[]): readonly (readonly [string, number])[] {
  const all = layers.filter(({ kind }) => kind !== 'refused').flatMap(({ packages }) => packages);
  const vouched = [...new Map(all.map((entry) => [`${entry.name} ${entry.version}`, entry])).values()];
  const counts = new Map<string, number>();
  for (const { vouching } of vouched) {
    const text = vouchingText(vouching);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  if (counts.size <= MAX_KEYS) return [...counts];
  const bySignature = vouched.filter(({ vouching }) => vouching.by === 'signature').length;
  const keys = [...counts.keys()].filter((text) => text.startsWith(SIGNED)).length;
  return [
    ...[...counts].filter(([text]) => !text.startsWith(SIGNED)),
    [`signed by ${keys} keys (--verbose)`, bySignature],
  ];
}

function vouchingText(vouching: Evidence): string {
  switch (vouching.by) {
    case 'signature':
      return `${SIGNED}${vouching.key}`;
    case 'index':
      return `in the index of ${vouching.repository} signed by ${vouching.key}`;
    case 'option':
      return 'not signed, accepted by --allow-untrusted or --sig-level';
  }
}

function layerTable(layers: readonly LayerVerdict[]): string {
  return table(
    [
      { title: 'LAYER', align: 'right' },
      { title: 'DIGEST' },
      { title: 'SIZE', align: 'right' },
      { title: 'KIND' },
      { title: 'CONTENTS' },
      { title: 'VERIFIED BY' },
    ],
    layers.map((layer) => {
      const [first] = layer.packages;
      const several = layer.packages.length > 1;
      return [
        `${layer.at}`,
        layer.digest.slice(0, 'sha256:'.length + 12),
        formatSize(layer.sizeBytes),
        layer.kind,
        several
          ? count(layer.packages.length, 'package')
          : first === undefined
            ? ''
            : `${first.name}-${first.version}`,
        layer.kind === 'refused'
          ? 'no'
          : [...new Set(layer.packages.map(({ vouching }) => vouchingText(vouching)))].join('; '),
      ];
    }),
  );
}

function topLines({ at, kind, verdicts }: LayerVerdict, verbose: boolean): readonly string[] {
  const own = OWN.map(([origin, meaning]) => ({
    meaning,
    amount: verdicts.filter((verdict) => verdict.origin === origin).length,
  }))
    .filter(({ amount }) => amount > 0)
    .map(({ meaning, amount }) => `${meaning}: ${amount}`);
  const lines = [
    `\n${kind === 'files' ? 'added files' : 'install layer'} (${kind === 'files' ? 'layer ' : ''}${at}): ${count(verdicts.length, 'entry', 'entries')}${own.length === 0 ? '' : ` (${own.join('; ')})`}`,
  ];
  if (verbose) {
    for (const [origin, meaning] of OWN) append(lines, section(verdicts, { origin, meaning, verbose }));
  }
  for (const [origin, meaning] of EXCEPTIONS) append(lines, section(verdicts, { origin, meaning, verbose }));
  return lines;
}

function section(
  verdicts: readonly EntryVerdict[],
  { origin, meaning, verbose }: { origin: EntryOrigin; meaning: string; verbose: boolean },
): readonly string[] {
  const entries = verdicts.filter((verdict) => verdict.origin === origin);
  if (entries.length === 0) return [];
  const shown = verbose ? entries : entries.slice(0, MAX_SHOWN);
  const more = entries.length - shown.length;
  return [
    `  ${meaning}: ${entries.length}`,
    ...shown.map((entry) => `    ${entryText(entry)}`),
    ...(more === 0 ? [] : [`    and ${more} more (--verbose)`]),
  ];
}

function entryText({ path, type, sizeBytes, origin, package: of, note }: EntryVerdict): string {
  const size =
    type === 'file' && origin !== 'whiteout'
      ? ` (${formatSize(sizeBytes)})`
      : type === 'directory'
        ? '/'
        : '';
  const words = [of !== '' && !note.includes(of) ? of : '', note].filter((text) => text !== '').join(': ');
  return printableLine(`/${path}${size}${words === '' ? '' : `  ${words}`}`);
}

function problemLines({ problems }: VerifyReport): readonly string[] {
  if (problems.length === 0) return [];
  const hints = [...new Set(problems.flatMap(({ hint }) => hint ?? []))];
  return [
    '',
    ...problems.map(({ message }) => labelled('problem', message)),
    ...hints.map((hint) => labelled('hint', hint)),
  ];
}

function conclusion(report: VerifyReport, install: LayerVerdict | undefined): string {
  const { problems, packages, unverifiedPackages, layers } = report;
  if (problems.length > 0) return `\nnot verified: ${count(problems.length, 'problem')}`;
  if (unverifiedPackages > 0) {
    return `\nnot verified against any signature: ${unverifiedPackages} of ${count(packages, 'package')}; the layers match these packages, whoever built them`;
  }
  const own = new Set<EntryOrigin>(OWN.map(([origin]) => origin));
  const except = (install?.verdicts ?? []).filter(({ origin }) => !own.has(origin));
  const bytes = except.reduce((sum, { type, sizeBytes }) => sum + (type === 'file' ? sizeBytes : 0), 0);
  const exceptions = [
    'the config',
    ...(layers.some(({ unsigned }) => unsigned.length > 0) ? ['the bytes not covered by any signature'] : []),
    ...(except.length === 0
      ? []
      : [`these ${count(except.length, 'entry', 'entries')} of the install layer, ${formatSize(bytes)}`]),
  ];
  const [last, ...others] = exceptions.toReversed();
  const listed = others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
  return `\nverified: all bytes are the distribution's except ${listed}`;
}
