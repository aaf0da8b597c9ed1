import { AppError } from '../model/app-error.ts';

/** A longer answer is a file given as standard input by mistake. */
const MAX_CHARACTERS = 64 * 1024;
/** Sequences that arrows and similar keys send (ECMA-48). */
const CONTROL_SEQUENCE = /\u001b\[[0-9;]*[A-Za-z~]/g;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ERASE: ReadonlySet<string> = new Set(['\u007f', '\b']);

/**
 * Reads one line typed at the terminal on standard input; the question goes to standard error. With `hidden`, nothing of the
 * answer is shown.
 * @throws AppError CANCELLED (Ctrl-C, Ctrl-D, `signal`)
 */
export function askTerminal(question: string, hidden: boolean, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolve, reject) => {
    let line: readonly string[] = [];
    const end = (act: () => void) => {
      stdin.off('data', take).pause();
      stdin.setRawMode(false);
      signal.removeEventListener('abort', cancel);
      stderr.write('\n');
      act();
    };
    const cancel = () => end(() => reject(new AppError('CANCELLED', 'interrupted')));
    const take = (text: string) => {
      for (const character of text.replace(CONTROL_SEQUENCE, '')) {
        if (character === '\r' || character === '\n') return end(() => resolve(line.join('')));
        if (character === CTRL_C || character === CTRL_D || line.length > MAX_CHARACTERS) return cancel();
        if (ERASE.has(character)) {
          if (!hidden && line.length > 0) stderr.write('\b \b');
          line = line.slice(0, -1);
        } else if (character >= ' ') {
          if (!hidden) stderr.write(character);
          line = [...line, character];
        }
      }
    };
    // Ends the echo before anything secret is typed.
    stdin.setRawMode(true);
    stderr.write(`${question}: `);
    stdin.setEncoding('utf8').on('data', take).resume();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}
