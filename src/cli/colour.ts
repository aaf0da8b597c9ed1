import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const PREFIXES: Readonly<Record<string, Style>> = {
  error: ['bold', 'red'],
  warning: ['bold', 'yellow'],
  note: 'yellow',
  hint: 'cyan',
  http: 'dim',
  'caused by': 'dim',
};

/** Whether a stream is shown in colours: on terminals, unless https://no-color.org's variable or a dumb terminal forbids it. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** The words at the beginning of lines that say what kind of message it is, in their colours. */
export function paintMessages(text: string): string {
  return text.replace(/^(error|warning|note|hint|http|caused by):/gm, (prefix, kind: string) =>
    styleText(PREFIXES[kind]!, prefix, { validateStream: false }),
  );
}

/** Titles of tables in bold: lines of capital words alone. */
export function paintTitles(text: string): string {
  return text.replace(/^ *[A-Z]{2,}(?: +[A-Z]{2,})+$/gm, (title) =>
    styleText('bold', title, { validateStream: false }),
  );
}
