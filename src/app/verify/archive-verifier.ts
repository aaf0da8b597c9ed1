import { createReadStream } from 'node:fs';
import type { RepositoryRow } from '../../catalog/repositories.ts';
import type { Unsigned } from '../../distros/distro.ts';
import type { UnverifiedInput } from '../../distros/inputs.ts';
import { joinUrl } from '../../fetch/url.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import type { ArchiveFacts, ReadFacts } from '../../model/archive.ts';
import { type Digest, hexOf } from '../../model/digest.ts';
import type { FileEntries } from '../../model/file-entries.ts';
import type { CatalogPackage, IndexPackage } from '../../model/package.ts';
import type { SourceOptions } from '../../model/request.ts';
import { required } from '../../model/required.ts';
import type { Evidence } from '../../model/verify-report.ts';
import { UnsignedError } from '../../trust/unsigned-error.ts';
import { fetchKeysOfRepositories } from '../archives/fetch-keys.ts';
import { type RetryWithKeys, retryWithKeys } from '../archives/retry-with-keys.ts';
import type { Context } from '../context.ts';
import type { NamedPackage } from '../images/image-packages.ts';
import { resolveSources, type Sources } from '../sources/sources.ts';

/** Size of reads: keeps the decompressor busy and memory small. */
const READ_BYTES = 1 << 20;

/** An archive whose bytes are the distribution's, and the evidence. */
export interface VerifiedArchive {
  readonly facts: ReadFacts;
  readonly evidence: Evidence;
  readonly unsigned: Unsigned;
}

/** Bytes that may be an archive; `open` returns them again at each call. */
export interface ArchiveBytes {
  readonly digest: Digest;
  /** Name and version that the bytes claim, which are only used to look for an index entry */
  readonly name: string;
  readonly version: string;
  /** Place, for messages */
  readonly where: string;
  /** The entries of a layer with these bytes */
  readonly entries?: FileEntries;
  open(): AsyncIterable<Uint8Array>;
}

/** Verifies archives of one distribution, by their signatures and by the indexes in the catalog. */
export class ArchiveVerifier {
  readonly sources: Sources;
  readonly #context: Context;
  /** Repositories in the catalog that were accepted under this trust */
  readonly #rows: readonly RepositoryRow[];
  readonly #byName: (name: string) => readonly CatalogPackage[];
  readonly #digests: ReadonlyMap<string, readonly Digest[]>;
  readonly #named = new Map<string, Promise<readonly VerifiedArchive[]>>();
  readonly #withKeys: RetryWithKeys;

  /** Use `open`. */
  constructor(context: Context, sources: Sources) {
    const { catalog } = context;
    const { distro, trust } = sources;
    this.sources = sources;
    this.#context = context;
    this.#rows = catalog.repositories
      .all()
      .filter((row) => row.distro === distro.id && trust.accepts(row.trust));
    this.#byName = catalog.packages.source(this.#rows.map(({ id }) => ({ id, tag: '' }))).byName;
    const digests = new Map<string, Digest[]>();
    for (const [digest, label] of catalog.archives.labels()) {
      const known = digests.get(label);
      if (known === undefined) digests.set(label, [digest]);
      else known.push(digest);
    }
    this.#digests = digests;
    const repositories = this.#rows.map((row) => ({ row, changed: false, spec: specOf(row) }));
    this.#withKeys = retryWithKeys(trust, () => fetchKeysOfRepositories(context, sources, repositories));
  }

  /** Opens a verifier. @throws AppError if the keyring cannot be used */
  static async open(context: Context, options: SourceOptions): Promise<ArchiveVerifier> {
    const sources = await resolveSources(context, options);
    await sources.trust.policy();
    return new ArchiveVerifier(context, sources);
  }

  /**
   * Verifies an archive.
   * @throws AppError SIGNATURE, UNTRUSTED_KEY, INTEGRITY, BAD_ARCHIVE…: why there is no evidence for the bytes
   */
  async archive(bytes: ArchiveBytes): Promise<VerifiedArchive> {
    const proven = this.#provenFacts(bytes);
    if (proven !== undefined) return this.#judge(proven, bytes, undefined);
    const expected = this.#entryOf(bytes);
    try {
      const facts = await this.#withKeys(() => this.#read(bytes, expected));
      return this.#judge(facts, bytes, undefined);
    } catch (error) {
      if (!isAppError(error, 'SIGNATURE') && !isAppError(error, 'UNTRUSTED_KEY')) throw error;
      return this.#judge(await this.#readUnverified(bytes, expected), bytes, error);
    }
  }

  /** Returns the archives of that name and version that the catalog has and that can be verified. */
  named(named: NamedPackage): Promise<readonly VerifiedArchive[]> {
    const key = `${named.name} ${named.version} ${named.architecture}`;
    const known = this.#named.get(key) ?? this.#find(named);
    this.#named.set(key, known);
    return known;
  }

  async #find({ name, version, architecture }: NamedPackage): Promise<readonly VerifiedArchive[]> {
    const { catalog, store, signal } = this.#context;
    const archives: VerifiedArchive[] = [];
    for (const digest of this.#digests.get(`${name}-${version} (${this.sources.distro.id})`) ?? []) {
      const { facts, trust } = required(catalog.archives, digest);
      if (this.#isOther(facts.architecture, architecture)) continue;
      if (!this.sources.trust.accepts(trust) && !store.has(digest)) continue;
      const open = () => createReadStream(store.get(digest), { highWaterMark: READ_BYTES, signal });
      try {
        archives.push(
          await this.archive({ digest, name, version, where: `${name}-${version} (cached)`, open }),
        );
      } catch (error) {
        if (!isAppError(error) || error.code === 'CANCELLED') throw error;
      }
    }
    return archives;
  }

  /** Returns the catalog's facts if they suffice: a signature was verified, and covers everything. */
  #provenFacts({ digest, entries }: ArchiveBytes): ArchiveFacts | undefined {
    const stored = this.#context.catalog.archives.get(digest, entries);
    if (stored === undefined || !this.sources.trust.accepts(stored.trust)) return undefined;
    const { facts } = stored;
    const isProven = facts.signedBy !== '' && this.sources.distro.archives.unsigned(facts).parts.length === 0;
    return isProven ? facts : undefined;
  }

  /** Returns the URL at which an index in the catalog has the package; undefined if none has it. */
  urlOf({ name, version }: NamedPackage): string | undefined {
    const entry = this.#byName(name).find((candidate) => candidate.version === version);
    return entry === undefined ? undefined : joinUrl(this.#rowOf(entry).base, entry.fileName);
  }

  #judge(facts: ReadFacts, bytes: ArchiveBytes, refusal: AppError | undefined): VerifiedArchive {
    const evidence = this.#evidenceFor(facts, bytes, refusal);
    return { facts, evidence, unsigned: this.sources.distro.archives.unsigned(facts) };
  }

  #evidenceFor(facts: ReadFacts, { where }: ArchiveBytes, refusal: AppError | undefined): Evidence {
    if (facts.signedBy !== '') return { by: 'signature', key: facts.signedBy };
    const entries = this.#byName(facts.name).filter(({ checksum }) => checksum === facts.identity);
    const row = entries.map((entry) => this.#rowOf(entry)).find(({ signedBy }) => signedBy !== '');
    if (row !== undefined) return { by: 'index', repository: row.name, key: row.signedBy };
    const { allowUntrusted } = this.sources.trust;
    if (allowUntrusted || (refusal === undefined && entries.length > 0)) return { by: 'option' };
    const other = this.#sameVersion(facts);
    if (other !== undefined) throw this.#otherThanIndexed(facts, other, where);
    if (refusal !== undefined && !(refusal instanceof UnsignedError)) throw refusal;
    const { distro, architecture } = this.sources;
    throw new UnsignedError(`${where}: expected a signature or an entry in a signed index, got neither`, {
      hint: `Index the repository it comes from, then verify again: compose index --distro ${distro.id} --arch ${architecture}`,
    });
  }

  /** Finds an index entry of the same name and version but with another checksum. */
  #sameVersion(facts: ArchiveFacts): CatalogPackage | undefined {
    return this.#byName(facts.name).find(
      ({ version, architecture, checksum }) =>
        version === facts.version && !this.#isOther(architecture, facts.architecture) && checksum !== '',
    );
  }

  #otherThanIndexed(facts: ArchiveFacts, entry: CatalogPackage, where: string): AppError {
    const { name } = this.#rowOf(entry);
    return new AppError(
      'INTEGRITY',
      `${where}: differs from the index of ${name}: checksum: expected ${entry.checksum}, got ${facts.identity}`,
      { details: { expected: entry.checksum, got: facts.identity } },
    );
  }

  /** Alpine's indexes give a package for every architecture that of the index. */
  #isOther(a: string, b: string): boolean {
    const isAny = (word: string) => word === '' || this.sources.distro.architectures.isAny(word);
    return a !== b && !isAny(a) && !isAny(b);
  }

  #rowOf(entry: CatalogPackage): RepositoryRow {
    return required(this.#rows, entry.repositoryRank);
  }

  /** The entry of exactly these bytes, whose signature is theirs, where an index's checksum is over all of an archive. */
  #entryOf({ name, digest }: ArchiveBytes): IndexPackage | undefined {
    const found = this.#byName(name).filter(({ checksum }) => checksum === hexOf(digest));
    return found.find(({ signature }) => signature !== '') ?? found[0];
  }

  /** Ignores --allow-untrusted, since unsigned archives have to be recognised. */
  async #read(bytes: ArchiveBytes, expected: IndexPackage | undefined): Promise<ReadFacts> {
    const policy = { ...(await this.sources.trust.policy()), allowUntrusted: false };
    return this.sources.distro.archives.read({ ...archiveInput(bytes, expected), policy });
  }

  #readUnverified(bytes: ArchiveBytes, expected: IndexPackage | undefined): Promise<ReadFacts> {
    return this.sources.distro.archives.readUnverified(archiveInput(bytes, expected));
  }
}

function archiveInput(bytes: ArchiveBytes, expected: IndexPackage | undefined): UnverifiedInput {
  return {
    chunks: bytes.open(),
    where: bytes.where,
    ...(bytes.entries === undefined ? {} : { like: bytes.entries }),
    ...(expected === undefined ? {} : { expected }),
  };
}

function specOf({ distro, release, architecture, name, base }: RepositoryRow) {
  return { distro, release, architecture, name, baseUrls: [base], indexNames: [], tag: '' };
}
