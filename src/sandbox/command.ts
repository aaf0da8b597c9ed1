import type { SandboxLimits } from './limits.ts';
import type { UserNamespace } from './user-namespace.ts';

/** Program that runs a command with a folder as its root; the most confined first. */
export type BackendName = 'crun' | 'runc' | 'bubblewrap' | 'util-linux';

/** A command as seen from inside the sandbox. */
export interface SandboxedCommand {
  /** Program, as an absolute path in the new root, and arguments. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A command, and how its start and its output are observed. */
export interface RunOptions extends SandboxedCommand {
  /**
   * A file of the root that the command makes first: it distinguishes a command that failed from a sandbox that failed.
   * Undefined: the command does not fail.
   */
  readonly started: string | undefined;
  /** Receives each line of standard output and standard error. */
  readonly onLine: (line: string) => void;
}

/** The root and surroundings of a command. */
export interface Place {
  readonly namespace: UserNamespace;
  readonly root: string;
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
  /** The only backend to try; undefined: the first that works */
  readonly backend?: BackendName | undefined;
  /** Folders to find programs in, separated by colons */
  readonly path: string;
}
