/** Receiver of the progress of long work; the cli draws it. Implementations never throw. */
export interface Progress {
  /** Starts a task; `total` is in `unit`s and may be unknown (undefined). */
  task(label: string, total: number | undefined, unit: 'bytes' | 'items'): ProgressTask;
  /** A line worth keeping (a mirror that failed, an archive that was repacked). */
  note(message: string): void;
}

/** A task that is under way. */
export interface ProgressTask {
  advance(amount: number): void;
  done(): void;
}

const silentTask: ProgressTask = { advance() {}, done() {} };

/** Progress that nobody looks at. */
export const silentProgress: Progress = { task: () => silentTask, note() {} };
