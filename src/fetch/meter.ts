import type { Progress, ProgressTask } from '../model/progress.ts';

/** Progress of one file across all tries, in bytes: a try that starts over takes back what it lost. */
export class Meter {
  readonly #progress: Progress | undefined;
  readonly #label: string;
  #task: ProgressTask | undefined;
  #shownBytes = 0;

  constructor(progress: Progress | undefined, label: string) {
    this.#progress = progress;
    this.#label = label;
  }

  /** @param totalBytes size of the whole file, if it is known */
  restart(offsetBytes: number, totalBytes: number | undefined): void {
    this.#task ??= this.#progress?.task(this.#label, totalBytes, 'bytes');
    if (offsetBytes !== this.#shownBytes) this.advance(offsetBytes - this.#shownBytes);
  }

  advance(bytes: number): void {
    this.#shownBytes += bytes;
    this.#task?.advance(bytes);
  }

  done(): void {
    this.#task?.done();
  }
}
