import { encodePath } from '../../../model/path-bytes.ts';
import type { RootDraft } from '../root-draft.ts';
import { undecided } from './undecided.ts';

/** Destination of standard output. */
export interface Sink {
  /** Whether the output is discarded */
  readonly discards: boolean;
  write(text: string | undefined): void;
}

/** Destination that discards the output. */
export const NOWHERE: Sink = { discards: true, write() {} };

/** A file as the destination of standard output; an existing file keeps its owner and mode. */
export class FileSink implements Sink {
  readonly discards = false;
  /** Real path */
  readonly path: string;
  readonly #root: RootDraft;
  readonly #owner: { readonly mode: number; readonly uid: number; readonly gid: number };
  readonly #before: Buffer;

  constructor(root: RootDraft, path: string, appends: boolean) {
    const real = root.real(path, true);
    if (real === undefined || path.endsWith('/')) undecided(`writes ${path}`);
    root.checkWritable(real);
    const existing = root.statFollow(real);
    this.#root = root;
    this.path = real;
    this.#owner = { mode: existing?.mode ?? 0o644, uid: existing?.uid ?? 0, gid: existing?.gid ?? 0 };
    this.#before = appends && existing !== undefined ? Buffer.from(root.read(real) ?? []) : Buffer.alloc(0);
    if (!appends || existing === undefined) this.#put('');
  }

  /** Called once: a simple command has one output. */
  write(text: string | undefined): void {
    if (text !== '') this.#put(text ?? undecided('an output of unknown text is kept'));
  }

  #put(text: string): void {
    const content = Buffer.concat([this.#before, encodePath(text)]);
    this.#root.put(this.path, { type: 'file', ...this.#owner, content });
  }
}
