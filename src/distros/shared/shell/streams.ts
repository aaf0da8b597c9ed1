import type { RootDraft } from '../root-draft.ts';
import { FileSink, NOWHERE, type Sink } from './output.ts';
import type { Redirect } from './syntax.ts';
import { undecided } from './undecided.ts';

/** Where a shell's standard output goes and what its standard input gives. */
export class Streams {
  output: Sink;
  /** `undefined`: the script's own, which has nothing to read */
  input: string | undefined;

  constructor(output: Sink = NOWHERE, input?: string) {
    this.output = output;
    this.input = input;
  }

  /** Real path of the file that standard output goes to. */
  get outputFile(): string | undefined {
    return this.output instanceof FileSink ? this.output.path : undefined;
  }

  /** Runs with other streams, which `redirect` may change, and goes back to these. */
  scoped<T>(run: () => T): T {
    const { output, input } = this;
    try {
      return run();
    } finally {
      this.output = output;
      this.input = input;
    }
  }

  /**
   * Applies a redirect whose target expands to `text`. `mayWriteFile`: whether the output may go to a file, which nothing
   * else that runs meanwhile must touch.
   * @throws Undecided for one that is not understood
   */
  redirect(
    { descriptor, operator }: Redirect,
    text: string,
    { root, mayWriteFile }: { readonly root: RootDraft; readonly mayWriteFile: boolean },
  ): void {
    if (operator === '<<') {
      if (descriptor !== 0) undecided('a here-document elsewhere than on standard input');
      this.input = text;
    } else if (operator === '<' && descriptor === 0 && text === '/dev/null') this.input = '';
    else if (operator === '>&' && descriptor === 1 && text === '2') this.output = NOWHERE;
    else if (operator === '>&' && descriptor === 2 && text === '1') {
      if (!this.output.discards) undecided('messages of unknown text are read');
    } else if ((operator === '>' || operator === '>>') && text === '/dev/null') {
      if (descriptor !== 2) this.output = NOWHERE;
    } else if ((operator === '>' || operator === '>>') && descriptor === 1) {
      if (!mayWriteFile || this.output instanceof FileSink) undecided('a redirect of several commands');
      this.output = new FileSink(root, text, operator === '>>');
    } else undecided(`redirects ${operator} ${text}`);
  }
}
