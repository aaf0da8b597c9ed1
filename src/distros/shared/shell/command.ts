import type { RootDraft } from '../root-draft.ts';
import type { ShellDialect } from './lexer.ts';

/** What a command leaves behind, apart from its changes to the root. */
export interface CommandResult {
  readonly status: number;
  /** Standard output; `undefined`: not known. Absent: none */
  readonly output?: string | undefined;
}

/** Success without output. */
export const DONE: CommandResult = { status: 0 };
/** Failure without output; messages are not kept. */
export const FAILED: CommandResult = { status: 1 };

/** What a command is called with. */
export interface CommandCall {
  /** Without the name */
  readonly args: readonly string[];
  readonly root: RootDraft;
  /** `undefined`: the script's own standard input, which has nothing to read */
  readonly input: string | undefined;
  /** Real path of the file that standard output goes to */
  readonly outputFile: string | undefined;
  /** The path of a command in PATH; `undefined` where there is none */
  readonly find: (name: string) => string | undefined;
}

/** A command whose effect is known. @throws Undecided for arguments or files where it is not */
export type KnownCommand = (call: CommandCall) => CommandResult;

/** What a shell runs in. */
export interface ShellEnvironment {
  readonly dialect: ShellDialect;
  readonly root: RootDraft;
  /** Directories of PATH, no leading slash */
  readonly path: readonly string[];
  readonly builtins: ReadonlyMap<string, KnownCommand>;
  /**
   * What a program of the root does; `undefined`: not known. `real`: its file, without symlinks; `name`: the name it is
   * called by, a path or not.
   */
  readonly program: (real: string, name: string) => KnownCommand | undefined;
}
