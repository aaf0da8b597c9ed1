import type { FileEntry } from '../model/file-entry.ts';

/** An entry as its headers describe it. */
export interface TarEntry extends Omit<FileEntry, 'sha256'> {
  /** Path as written, before normalisation */
  readonly rawPath: string;
  /** Engines read it differently from the tool of the dialect, whose reading this is. */
  readonly isAmbiguous: boolean;
}
