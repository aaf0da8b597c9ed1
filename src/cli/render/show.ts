import type { CachedReport, PackageReport, ShowReport } from '../../model/package-report.ts';
import { count, formatSize, printableLine } from './format.ts';

const LABEL_WIDTH = 16;
/** Lists of words are wrapped at this width; a single longer word is not broken. */
const LINE_WIDTH = 100;

type Line = readonly [label: string, values: readonly string[]];

/** Renders all that is known about packages, a block for each. */
export function renderShow(reports: readonly ShowReport[]): string {
  return reports
    .flatMap(({ target, by, packages }) =>
      packages.map((entry) =>
        block(
          by === 'name' ? [] : [['provides', [`${target}: no package has that name; this one provides it`]]],
          entry,
        ),
      ),
    )
    .join('\n');
}

function block(before: readonly Line[], entry: PackageReport): string {
  const lines: readonly Line[] = [
    ['name', [entry.name]],
    ['version', [entry.version]],
    [
      'repository',
      [
        `${entry.repository} (${entry.release} ${entry.architecture})${entry.tag === '' ? '' : ` @${entry.tag}`}`,
      ],
    ],
    ['description', [entry.description]],
    ['homepage', [entry.homepage]],
    ['license', [entry.license]],
    ['origin', [entry.origin]],
    ['maintainer', [entry.maintainer]],
    ['built', [entry.buildDate ?? '']],
    ['commit', [entry.commit]],
    ['download', [`${formatSize(entry.sizeBytes)} (${entry.sizeBytes} bytes)`]],
    ['installed', [formatSize(entry.installedSizeBytes)]],
    ['depends on', words(entry.depends)],
    ['optional', entry.optionalDepends],
    ['provides', words(entry.provides)],
    ['replaces', words(entry.replaces)],
    ['conflicts with', words(entry.conflicts)],
    ['installed if', words(entry.installIf)],
    ['groups', words(entry.groups)],
    ['priority', priorities(entry)],
    ['checksum', [entry.checksum]],
    ['signature', [signatures(entry)]],
    ['archive', [entry.url]],
    ...Object.entries(entry.extra).map(([field, values]): Line => [field.toLowerCase(), words(values)]),
    ...(entry.cached === undefined ? [['cached', ['no']] as const] : cachedLines(entry.cached)),
  ];
  return [...before, ...lines].map(render).join('');
}

function priorities({ providerPriority, replacesPriority }: PackageReport): readonly string[] {
  return [
    ...(providerPriority === 0 ? [] : [`${providerPriority} as a provider`]),
    ...(replacesPriority === 0 ? [] : [`${replacesPriority} when it replaces files`]),
  ];
}

function signatures({ signature, indexSignedBy }: PackageReport): string {
  const index = indexSignedBy === '' ? 'the index is unsigned' : `index signed by ${indexSignedBy}`;
  return signature ? `in the index; ${index}` : index;
}

function cachedLines(cached: CachedReport): readonly Line[] {
  return [
    ['cached', [cached.stored ? cached.digest : `metadata only; the archive was removed: ${cached.digest}`]],
    ['diffID', [cached.diffId]],
    ['layer', [cached.derived === '' ? `unchanged (${cached.compression})` : `repacked: ${cached.derived}`]],
    ['signed by', [cached.signedBy === '' ? 'no key (accepted unsigned)' : cached.signedBy]],
    ['scripts', words(cached.scripts)],
    ['triggers', words(cached.triggers)],
    ['hooks', words(cached.hooks)],
    ['contents', [count(cached.files, 'path')]],
  ];
}

/** Wraps words into lines. */
function words(values: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const value of values) {
    const last = lines.at(-1);
    if (last === undefined || last.length + value.length + 2 > LINE_WIDTH - LABEL_WIDTH) lines.push(value);
    else lines[lines.length - 1] = `${last}  ${value}`;
  }
  return lines;
}

function render([label, values]: Line): string {
  return values
    .filter((value) => value !== '')
    .map((value, index) => `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${printableLine(value)}\n`)
    .join('');
}
