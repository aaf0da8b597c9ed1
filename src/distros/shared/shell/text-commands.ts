import { decodePath } from '../../../model/path-bytes.ts';
import type { CommandCall, CommandResult } from './command.ts';
import { readOptions } from './options.ts';
import { undecided } from './undecided.ts';

/*
 * Commands that print or read text, as far as busybox, coreutils and the shells agree. Where they differ, a call is Undecided or,
 * if only the printed text differs, its output is unknown.
 */

/** Runs `echo [-n] WORD…`. Text that shells print differently is an unknown output. */
export function echo({ args }: CommandCall): CommandResult {
  const [first = ''] = args;
  const bare = first === '-n';
  if (!bare && /^-[neE]+$/.test(first)) return { status: 0, output: undefined };
  const text = (bare ? args.slice(1) : args).join(' ');
  return { status: 0, output: bare ? text : `${text}\n` };
}

/** Runs `printf FORMAT WORD…` with `%s`, `%%` and `\n`, one word for each `%s`. @throws Undecided */
export function printf({ args }: CommandCall): CommandResult {
  const [format, ...values] = args;
  if (format === undefined || format.startsWith('-')) undecided('printf');
  const text = /^(?:[^%\\]|%s|%%|\\n)*$/.test(format) ? format : undecided('a format of printf');
  const holes = text.replaceAll('%%', '').split('%s').length - 1;
  if (holes !== values.length) return { status: 0, output: undefined };
  let next = 0;
  const output = text.replaceAll(/%s|%%|\\n/g, (code) => {
    if (code === '%s') return values[next++] ?? '';
    return code === '%%' ? '%' : '\n';
  });
  return { status: 0, output };
}

/** Runs `cat [FILE…]`. @throws Undecided */
export function cat({ args, root, input, outputFile }: CommandCall): CommandResult {
  const { operands } = readOptions(args, '');
  if (operands.length === 0) return { status: 0, output: input ?? undecided('cat of nothing') };
  let output = '';
  for (const path of operands) {
    const entry = root.statFollow(path);
    if (entry?.type !== 'file') undecided(`cat ${path}`);
    // coreutils refuses this; busybox goes on until the disk is full.
    if (outputFile !== undefined && root.real(path, true) === outputFile) undecided('cat of its own output');
    const content = entry.content();
    if (content === undefined) return { status: 0, output: undefined };
    output += decodePath(content);
  }
  return { status: 0, output };
}

/** Runs `grep -q`, with patterns of letters, digits, `/`, `_`, `-` and the anchors. @throws Undecided */
export function grep({ args, root }: CommandCall): CommandResult {
  const { options, operands } = readOptions(args, 'qsF', 'e');
  const [pattern, path, ...rest] = options.has('e') ? [options.get('e'), ...operands] : operands;
  if (!options.has('q') || pattern === undefined || path === undefined || rest.length > 0)
    return undecided('grep');
  const found = /^(\^?)([A-Za-z0-9_/-]+)(\$?)$/.exec(pattern) ?? undecided(`grep ${pattern}`);
  const [, start, text = '', end] = found;
  if (options.has('F') && (start !== '' || end !== '')) undecided(`grep -F ${pattern}`);
  const entry = root.statFollow(path);
  if (entry === undefined) return { status: 2 };
  const content = decodePath(root.read(path) ?? new Uint8Array());
  if (content.includes('\0')) undecided('grep of bytes');
  const lines = content.replace(/\n$/, '').split('\n');
  const matches = (line: string) => {
    if (start !== '' && end !== '') return line === text;
    if (start !== '') return line.startsWith(text);
    return end === '' ? line.includes(text) : line.endsWith(text);
  };
  return { status: Number(content === '' || !lines.some(matches)) };
}
