import type Database from 'better-sqlite3';
import { ArchivePathTable } from './archive-paths.ts';
import { ArchiveTable } from './archives.ts';
import { ComposedImageTable } from './composed-images.ts';
import { catalogError, openDatabase } from './database.ts';
import { DerivedTable } from './derived.ts';
import { FileBlockTable } from './file-blocks.ts';
import { FileListTable } from './file-lists.ts';
import { KeptFileTable } from './kept-files.ts';
import { LocalFileTable } from './local-files.ts';
import { LongWrite } from './long-write.ts';
import { PackageTable } from './packages.ts';
import { PublishedChunkTable } from './published-chunks.ts';
import { PushedBlobTable } from './pushed-blobs.ts';
import { RepositoryTable } from './repositories.ts';
import { RevisionTable } from './revisions.ts';
import { SearchTable } from './search.ts';
import { SolverGraphCache } from './solver-graph-cache.ts';

/** The SQLite catalog: the indexes of repositories, the facts of archives, and the blobs derived from these. */
export class Catalog {
  readonly revisions: RevisionTable;
  readonly repositories: RepositoryTable;
  readonly packages: PackageTable;
  readonly archives: ArchiveTable;
  readonly #kept: SolverGraphCache;
  readonly #database: Database.Database;
  readonly #path: string;
  // Tables that many commands do not use are opened when first needed: preparing their statements takes time.
  #derived: DerivedTable | undefined;
  #search: SearchTable | undefined;
  #fileLists: FileListTable | undefined;
  #archivePaths: ArchivePathTable | undefined;
  #localFiles: LocalFileTable | undefined;
  #pushedBlobs: PushedBlobTable | undefined;
  #keptFiles: KeptFileTable | undefined;

  /** Opens or makes the catalog. @throws AppError CATALOG, STORAGE (database.ts) */
  constructor(path: string) {
    this.#path = path;
    this.#database = openDatabase(path);
    this.revisions = new RevisionTable(this.#database);
    this.repositories = new RepositoryTable(this.#database, this.revisions);
    this.#kept = new SolverGraphCache(this.#database);
    this.packages = new PackageTable(this.#database, this.#kept);
    this.archives = new ArchiveTable(this.#database, new FileBlockTable(this.#database));
  }

  /** Runs `work` in one write transaction: all of it takes effect, or nothing. */
  transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(work).immediate();
    } catch (error) {
      throw catalogError(error, this.#path);
    }
  }

  /** Returns a writer of rows in short transactions, between which others write. @param batchRows rows of about 50 ms */
  longWrite(signal: AbortSignal, batchRows: number): LongWrite {
    return new LongWrite(this.#database, signal, batchRows);
  }

  /** Runs `work` over one state of the catalog, whatever other processes write meanwhile. */
  snapshot<T>(work: () => T): T {
    const release = this.hold();
    try {
      return work();
    } catch (error) {
      throw catalogError(error, this.#path);
    } finally {
      release();
    }
  }

  /** Keeps reading the current state of the catalog until the returned function is called. */
  hold(): () => void {
    if (this.#database.inTransaction) return () => {};
    // A transaction sees the state at its first read, not at its beginning.
    this.#database.exec('BEGIN DEFERRED; SELECT 1 FROM sqlite_schema LIMIT 1');
    return () => {
      this.#database.exec('COMMIT');
      this.#kept.flush();
    };
  }

  get derived(): DerivedTable {
    this.#derived ??= new DerivedTable(this.#database);
    return this.#derived;
  }

  get search(): SearchTable {
    this.#search ??= new SearchTable(this.#database);
    return this.#search;
  }

  get fileLists(): FileListTable {
    this.#fileLists ??= new FileListTable(this.#database, this.revisions);
    return this.#fileLists;
  }

  get archivePaths(): ArchivePathTable {
    this.#archivePaths ??= new ArchivePathTable(this.#database);
    return this.#archivePaths;
  }

  localFiles(): LocalFileTable {
    this.#localFiles ??= new LocalFileTable(this.#database);
    return this.#localFiles;
  }

  /** Returns the table, which is opened when first needed: few commands use it. */
  pushedBlobs(): PushedBlobTable {
    this.#pushedBlobs ??= new PushedBlobTable(this.#database);
    return this.#pushedBlobs;
  }

  keptFiles(): KeptFileTable {
    this.#keptFiles ??= new KeptFileTable(this.#database);
    return this.#keptFiles;
  }

  publishedChunks(): PublishedChunkTable {
    return new PublishedChunkTable(this.#database);
  }

  composedImages(): ComposedImageTable {
    return new ComposedImageTable(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}
