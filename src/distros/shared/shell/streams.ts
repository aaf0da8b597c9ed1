import type { RootDraft } from '../root-draft.ts';
import { FileSink, NOWHERE, type Sink } from './output.ts';
import type { Redirect } from './syntax.ts';
import { undecided } from './undecided.ts';

/** Standard input and output of a shell. */
export class Streams {
  output: Sink;
  /** Standard input; `undefined`: the script's own, which is empty */
  input: string | undefined;

  constructor(output: Sink = NOWHERE, input?: string) {
    this.output = output;
    this.input = input;
  }

  /** Real path of the file that standard output goes to. */
  get outputFile(): string | undefined {
    return this.output instanceof FileSink ? this.output.path : undefined;
  }

  /** Runs with a copy of the streams, which `redirect` may change, and then restores them. */
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
   * Applies a redirect whose target expands to `text`. `mayWriteFile`: whether the output may go to a file, since nothing else
   * that runs meanwhile can touch it.
   * @throws Undecided for a redirect that is not understood
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
