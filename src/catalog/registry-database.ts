import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { catalogError, type DatabaseWords, migrate, openPrivate } from './database.ts';
import { REGISTRY_MIGRATIONS } from './registry-migrations.ts';

/** Returns the path of the registry's database in a cache folder. */
export const registryPath = (directory: string): string => join(directory, 'registry.sqlite');

const WORDS: DatabaseWords = {
  name: "the registry's database",
  damaged: 'Restore the file from a backup; it says what was pushed, which nothing else knows.',
};

/**
 * Opens or makes the database of what a server has stored. It is a file of its own, so that pushes never wait for an index that
 * is written to the catalog. Several processes and threads may have it open.
 * @throws AppError CATALOG, STORAGE
 */
export function openRegistryDatabase(path: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = openPrivate(path);
    // A push that was acknowledged survives a power failure.
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    migrate(database, path, REGISTRY_MIGRATIONS);
    return database;
  } catch (error) {
    database?.close();
    throw registryError(error, path);
  }
}

/** Turns SQLite's own errors into AppError CATALOG or STORAGE; returns any other error unchanged. */
export function registryError(error: unknown, path: string): unknown {
  return catalogError(error, path, WORDS);
}
