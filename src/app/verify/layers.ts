import { ANNOTATIONS } from '../../compose/annotations.ts';
import type { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { append } from '../../model/lists.ts';
import { required } from '../../model/required.ts';
import type {
  EntryVerdict,
  LayerVerdict,
  VerifiedPackage,
  VerifyProblem,
} from '../../model/verify-report.ts';
import type { ReadLayer } from '../../output/verify-layer.ts';
import { UnsignedError } from '../../trust/unsigned-error.ts';
import { type FamilyFiles, type NamedPackage, packagesOfPurls } from '../images/image-packages.ts';
import type { VerifiedArchive } from './archive-verifier.ts';
import { judgeEntries } from './entry-verdict.ts';
import type { ArchiveVerifiers, ExaminedLayer } from './examined-layer.ts';
import { PackageFiles } from './package-files.ts';
import { MAX_PROBLEMS_PER_LAYER, problem, problemOf } from './problems.ts';
import { unsignedOfArchive, unsignedOfEntries, unsignedOfTar } from './unsigned.ts';

/** Number of URLs in a hint: a command line that can still be copied. */
const MAX_URLS = 100;
/** Folders of configuration and state, whose files scripts may change. */
const CHANGEABLE = /^(?:etc|var|dev)\//;

/** Input of judgeLayers. */
export interface LayersInput {
  readonly examined: readonly ExaminedLayer[];
  readonly marks: FamilyFiles;
  /** Packages that the image's own lists name */
  readonly named: readonly NamedPackage[];
  readonly verifiers: ArchiveVerifiers;
  readonly problems: VerifyProblem[];
}

/** Result of judgeLayers. */
export interface JudgedLayers {
  readonly verdicts: readonly LayerVerdict[];
  readonly files: PackageFiles;
  /** Archives whose bytes the layers may hold, each once */
  readonly facts: readonly ArchiveFacts[];
}

/**
 * Judges every layer. Annotations and lists only name candidates: a layer counts as made of packages if its bytes, or all of its
 * entries, are those of verified archives.
 * @throws AppError if a keyring cannot be used
 */
export async function judgeLayers(input: LayersInput): Promise<JudgedLayers> {
  const facts = new Set<ArchiveFacts>();
  const candidates = new Map<ExaminedLayer, Candidates>();
  for (const layer of input.examined) {
    if (layer.archive !== undefined) facts.add(layer.archive.facts);
    else candidates.set(layer, await candidatesOf(layer, input));
  }
  for (const { archives } of candidates.values()) for (const archive of archives) facts.add(archive.facts);
  const files = new PackageFiles(facts, input.marks);
  const missing = [...candidates.values()].flatMap((layer) => layer.missing);
  const hint = missing.length === 0 ? undefined : await fetchHint(missing, input.verifiers);
  const verdicts = input.examined.map((layer) => {
    const { read, archive } = layer;
    if (read === undefined) return verdictOf(layer, 'refused', {});
    if (archive !== undefined) return judgeArchiveLayer(layer, { read, archive }, input.problems);
    return judgeGeneratedLayer(layer, required(candidates, layer), { ...input, files, hint });
  });
  return { verdicts, files, facts: [...facts] };
}

interface Candidates {
  readonly archives: readonly VerifiedArchive[];
  /** Packages that are named for this layer, and could not be verified with what the catalog knows */
  readonly missing: readonly NamedPackage[];
}

/** Returns the archives that a layer may be made of: those that it names; if no layer names any, those in the image's lists. */
async function candidatesOf(layer: ExaminedLayer, input: LayersInput): Promise<Candidates> {
  const own = packagesOfPurls(purlOf(layer.descriptor));
  const unnamed = input.examined.every(
    ({ descriptor, read, archive }) =>
      read !== undefined && archive === undefined && purlOf(descriptor) === '',
  );
  const archives: VerifiedArchive[] = [];
  const missing: NamedPackage[] = [];
  for (const named of own.length === 0 && unnamed ? input.named : own) {
    const found = await (await input.verifiers(named.distro)).named(named);
    append(archives, found);
    if (found.length === 0) missing.push(named);
  }
  // If another layer seems to hold the archive and is refused for it, the problem is that layer's.
  const elsewhere = own.length === 0 && input.examined.some(({ refusal }) => refusal !== undefined);
  return { archives, missing: elsewhere && layer.refusal === undefined ? [] : missing };
}

function purlOf({ annotations = {} }: Descriptor): string {
  return annotations[ANNOTATIONS.purl] ?? '';
}

async function fetchHint(missing: readonly NamedPackage[], verifiers: ArchiveVerifiers): Promise<string> {
  const first = required(missing, 0);
  const verifier = await verifiers(first.distro);
  const urls = missing.flatMap((named) => verifier.urlOf(named) ?? []);
  if (urls.length === missing.length && urls.length <= MAX_URLS)
    return `Fetch its archives: compose ingest ${urls.join(' ')}`;
  return `Fetch its archives, then verify again: compose index --distro ${first.distro} --arch ${verifier.sources.architecture} --release RELEASE, then compose ingest FILE|URL… for each archive.`;
}

function judgeArchiveLayer(
  layer: ExaminedLayer,
  { read, archive }: { readonly read: ReadLayer; readonly archive: VerifiedArchive },
  problems: VerifyProblem[],
): LayerVerdict {
  const packages = [verifiedPackage(archive)];
  if (isRefused(layer, archive, problems)) return verdictOf(layer, 'refused', { packages });
  const unsigned = unsignedOfArchive(archive, read);
  return verdictOf(layer, 'package', { packages, unsigned });
}

/** Refuses an archive that compose never uses as a layer unchanged: engines would show other files than the package's. */
function isRefused({ index }: ExaminedLayer, { facts }: VerifiedArchive, problems: VerifyProblem[]): boolean {
  if (facts.layerProblem === undefined) return false;
  const text = `layer ${index}: ${facts.name}-${facts.version} cannot be a layer unchanged: ${facts.layerProblem}`;
  problems.push(problem('SIGNATURE', text, { layer: index }));
  return true;
}

function judgeGeneratedLayer(
  layer: ExaminedLayer,
  { archives, missing }: Candidates,
  {
    examined,
    files,
    problems,
    hint,
  }: LayersInput & {
    readonly files: PackageFiles;
    /** Advice on how to get missing packages */
    readonly hint: string | undefined;
  },
): LayerVerdict {
  const { index, read, refusal } = layer;
  const packages = archives.map(verifiedPackage);
  const whole = archives.filter(({ facts }) => facts.diffId === read?.layer.diffId);
  const [archive] = whole;
  if (archive !== undefined && read !== undefined) {
    const own = [verifiedPackage(archive)];
    if (isRefused(layer, archive, problems)) return verdictOf(layer, 'refused', { packages: own });
    return verdictOf(layer, 'derived', { packages: own, unsigned: unsignedOfTar(archive, read) });
  }
  if (refusal !== undefined) {
    const better = missing.length > 0 && mayBeDerived(refusal) ? hint : undefined;
    problems.push({ ...problemOf(refusal, index), ...(better === undefined ? {} : { hint: better }) });
    return verdictOf(layer, 'refused', { packages });
  }
  if (missing.length > 0) {
    const names = missing.map(({ name, version }) => `${name}-${version}`);
    const message = `layer ${index}: contains archives missing from the catalog: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
    problems.push(problem('NOT_FOUND', message, { layer: index, ...(hint === undefined ? {} : { hint }) }));
    return verdictOf(layer, 'refused', { packages });
  }
  const top = topKind(layer, examined);
  const isTop = top !== undefined;
  const verdicts: EntryVerdict[] = [];
  const faults: EntryVerdict[] = [];
  for (const verdict of read === undefined ? [] : judgeEntries(read.entries, files)) {
    if (isTop) verdicts.push(verdict);
    if (isTop ? isReplaced(verdict, files) : isForeign(verdict)) faults.push(verdict);
  }
  append(problems, faultsOf(faults, { index, isTop }));
  const kind = faults.length > 0 ? 'refused' : (top ?? 'derived');
  const unsigned = read === undefined ? [] : unsignedOfEntries(read, files);
  return verdictOf(layer, kind, { packages, verdicts, unsigned });
}

/** Returns the kind of a layer on top of those of packages, whose entries need not be a package's; undefined for the others. */
function topKind(
  { index, descriptor }: ExaminedLayer,
  examined: readonly ExaminedLayer[],
): 'install' | 'files' | undefined {
  if (examined.slice(index + 1).some((above) => !isAdded(above.descriptor))) return undefined;
  return isAdded(descriptor) ? 'files' : 'install';
}

/** Tells whether a layer says that it has added files. */
function isAdded({ annotations = {} }: Descriptor): boolean {
  return annotations[ANNOTATIONS.kind] === 'files';
}

/** Tells whether the bytes may be a derived layer: not an archive of their own, or one with its signature elsewhere. */
function mayBeDerived(error: AppError): boolean {
  return error.code === 'BAD_ARCHIVE' || error.code === 'INTEGRITY' || error instanceof UnsignedError;
}

/** Tells whether an entry cannot be in a layer that is made of packages alone. */
function isForeign({ origin, note }: EntryVerdict): boolean {
  return origin === 'directory' ? note !== '' : origin !== 'package';
}

/** Tells whether a package's program or library has been replaced. */
function isReplaced({ origin, path, package: replaced }: EntryVerdict, files: PackageFiles): boolean {
  const made = origin === 'generated' || origin === 'symlink';
  return made && replaced !== '' && !CHANGEABLE.test(files.originalPath(path));
}

function faultsOf(
  faults: readonly EntryVerdict[],
  { index, isTop }: { index: number; isTop: boolean },
): readonly VerifyProblem[] {
  const expected = isTop ? 'the bytes of its package' : 'an entry of a package';
  const named = faults.slice(0, MAX_PROBLEMS_PER_LAYER).map(({ path, origin, note }) => {
    const got = note === '' ? origin : `${origin} (${note})`;
    const text = `layer ${index}: ${path}: expected ${expected}, got ${got}`;
    return problem('INTEGRITY', text, { layer: index, path, expected, got });
  });
  const more = faults.length - named.length;
  return more === 0
    ? named
    : [...named, problem('INTEGRITY', `layer ${index}: ${more} more`, { layer: index })];
}

function verifiedPackage({ facts, evidence }: VerifiedArchive): VerifiedPackage {
  const { name, version, architecture } = facts;
  return { name, version, architecture, vouching: evidence };
}

function verdictOf(
  { index, descriptor, read }: ExaminedLayer,
  kind: LayerVerdict['kind'],
  more: Partial<Pick<LayerVerdict, 'packages' | 'verdicts' | 'unsigned'>>,
): LayerVerdict {
  return {
    at: index,
    digest: descriptor.digest,
    diffId: read?.layer.diffId,
    sizeBytes: descriptor.size,
    kind,
    packages: more.packages ?? [],
    entries: read?.entries.length ?? 0,
    verdicts: more.verdicts ?? [],
    unsigned: more.unsigned ?? [],
  };
}
