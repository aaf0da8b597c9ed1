import { ancestorsOf } from '../../compose/tree.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { LayerVerdict, VerifyProblem } from '../../model/verify-report.ts';
import { namesBelow, type RootfsNode } from '../../output/rootfs-node.ts';
import type { NamedPackage } from '../images/image-packages.ts';
import type { PackageFiles } from './package-files.ts';
import { MAX_PROBLEMS_PER_LAYER, problem } from './problems.ts';

/** Input of checkPackageLists. */
export interface ListsInput {
  /** Packages that the image's database and `/.pkg/manifest.json` name */
  readonly named: readonly NamedPackage[];
  readonly facts: readonly ArchiveFacts[];
  readonly files: PackageFiles;
  readonly verdicts: readonly LayerVerdict[];
  readonly rootfs: RootfsNode;
}

/** Compares the image's own lists of packages with its layers, and every package's files with the root. */
export function checkPackageLists(input: ListsInput): readonly VerifyProblem[] {
  const { named, facts } = input;
  const listed = new Set(named.map(labelOf));
  const held = new Set(facts.map(labelOf));
  const absent = named.filter((entry) => !held.has(labelOf(entry)));
  const unlisted = listed.size === 0 ? [] : facts.filter((archive) => !listed.has(labelOf(archive)));
  return [
    ...capped(absent, (entry) =>
      problem(
        'INTEGRITY',
        `${labelOf(entry)}: listed in the image's package database, but not in any layer`,
        {
          expected: labelOf(entry),
          got: 'none',
        },
      ),
    ),
    ...capped(unlisted, (archive) =>
      problem('INTEGRITY', `${labelOf(archive)}: in a layer, but not listed in the image's package database`),
    ),
    ...missingFiles(input),
  ];
}

/** Reports the first few, and how many more there are, since a database may list anything. */
function capped<T>(items: readonly T[], report: (item: T) => VerifyProblem): readonly VerifyProblem[] {
  const more = items.length - MAX_PROBLEMS_PER_LAYER;
  const reported = items.slice(0, MAX_PROBLEMS_PER_LAYER).map(report);
  return more <= 0 ? reported : [...reported, problem('INTEGRITY', `${more} more such packages`)];
}

/**
 * Reports files that have no path in the image. At their own place there may be something else, if an entry of the install layer
 * explains it.
 */
function missingFiles({ facts, files, verdicts, rootfs }: ListsInput): readonly VerifyProblem[] {
  for (const [path] of namesBelow(rootfs)) files.notePresent(path);
  const hidden = new Set(
    verdicts.flatMap((layer) =>
      layer.verdicts.filter(({ origin }) => origin === 'whiteout').map(({ path }) => hiddenBy(path)),
    ),
  );
  const isHidden = (path: string) =>
    hidden.has(path) || [...ancestorsOf(path)].some((ancestor) => hidden.has(ancestor));
  const absent = facts.map((archive) => ({
    label: labelOf(archive),
    entries: [...files.absent(archive)].filter(
      ({ path, type }) =>
        type === 'file' && !(path.startsWith('.') && !path.includes('/')) && !isHidden(path),
    ),
  }));
  const moved = contentsIn(
    rootfs,
    new Set(absent.flatMap(({ entries }) => entries.map(({ sha256 }) => sha256))),
  );
  const faults = absent.map(({ label, entries }) => ({
    label,
    missing: entries.filter(({ sha256 }) => !moved.has(sha256)),
  }));
  // The image contains one of two builds of the same version.
  const whole = new Set(faults.filter(({ missing }) => missing.length === 0).map(({ label }) => label));
  return faults.flatMap(({ label, missing: [first, ...others] }) => {
    if (first === undefined || whole.has(label)) return [];
    const message = `${label}: ${others.length + 1} of its files are missing from the image, the first: ${first.path}`;
    return [problem('INTEGRITY', message, { path: first.path, expected: first.sha256, got: 'none' })];
  });
}

/** Returns those of some contents that files of the image have. */
function contentsIn(rootfs: RootfsNode, wanted: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  if (wanted.size === 0) return found;
  for (const [, { inode }] of namesBelow(rootfs)) if (wanted.has(inode.sha256)) found.add(inode.sha256);
  return found;
}

function hiddenBy(whiteout: string): string {
  return whiteout.replace(/(?:^|(?<=\/))\.wh\.(?:\.wh\.\.opq$)?/, '').replace(/\/$/, '');
}

function labelOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}-${version}`;
}
