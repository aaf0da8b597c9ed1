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

/** Tells whether to use colours on a stream: on terminals, unless NO_COLOR (https://no-color.org) is set or the terminal is dumb. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Colours the labels at the beginning of lines, such as `error:`. */
export function paintMessages(text: string): string {
  return text.replace(/^(error|warning|note|hint|http|caused by):/gm, (prefix, kind: string) =>
    styleText(PREFIXES[kind]!, prefix, { validateStream: false }),
  );
}

/** Makes the titles of tables bold: lines of capital words alone. */
export function paintTitles(text: string): string {
  return text.replace(/^ *[A-Z]{2,}(?: +[A-Z]{2,})+$/gm, (title) =>
    styleText('bold', title, { validateStream: false }),
  );
}
