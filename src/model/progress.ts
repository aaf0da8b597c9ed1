/** Receiver of the progress of long work. Implementations never throw. */
export interface Progress {
  /** Starts a task; `total` is in `unit`s, or undefined if it is not known. */
  task(label: string, total: number | undefined, unit: 'bytes' | 'items'): ProgressTask;
  /** Reports an event in a line: a mirror failed, an archive was repacked. */
  note(message: string): void;
}

/** A task that is under way. */
export interface ProgressTask {
  advance(amount: number): void;
  done(): void;
}

const silentTask: ProgressTask = { advance() {}, done() {} };

/** Progress that is not shown. */
export const silentProgress: Progress = { task: () => silentTask, note() {} };
