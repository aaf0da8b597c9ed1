/** Where long work reports to; the cli draws it. Implementations never throw. */
export interface Progress {
  /** Starts a task; `total` is in `unit`s and may be unknown (undefined). */
  task(label: string, total: number | undefined, unit: 'bytes' | 'items'): ProgressTask;
  /** A line worth keeping (a mirror that failed, an archive that was repacked). */
  note(message: string): void;
}

export interface ProgressTask {
  advance(amount: number): void;
  done(): void;
}

const silentTask: ProgressTask = { advance() {}, done() {} };

export const silentProgress: Progress = { task: () => silentTask, note() {} };
