import { AppError } from '../../model/app-error.ts';
import { type CommandTable, commandNames } from '../command.ts';

/** Words that other tools use for the same thing. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  add: 'compose PKG…',
  create: 'compose PKG…',
  install: 'compose PKG…',
  run: 'compose PKG… --load',
  up: 'compose PKG… --load',
  load: 'compose PKG… --load',
  export: 'compose PKG… -o FILE',
  save: 'compose PKG… -o FILE',
  info: 'compose show',
  list: 'compose search or compose cache ls',
  ls: 'compose search or compose cache ls',
  update: 'compose index',
  upgrade: 'compose index',
  copy: 'compose cp',
  convert: 'compose cp',
  fetch: 'compose pull or compose artifact fetch',
  delete: 'compose rm',
  remove: 'compose rm',
  images: 'compose tags or compose cache ls',
  clean: 'compose cache gc',
  prune: 'compose cache gc',
};
/** Packages of Alpine and Arch whose names are as close to a command's; test/cli/mistyped.test.ts compares real indexes. */
const PACKAGES_LIKE_COMMANDS = new Set([
  'arti',
  'ccache',
  'file',
  'helm',
  'owfs',
  'pdsh',
  'pssh',
  'setarch',
  'stow',
]);
/** Shorter words are the beginning of too many names. */
const MIN_PREFIX = 3;
/** Shorter words are all one edit apart, such as `mc` and `rm`. */
const MIN_EDITED = 4;

/** Guesses which command the first word was meant to be; undefined if it can only be a package. */
export function intendedCommand(word: string, commands: readonly string[]): string | undefined {
  if (PACKAGES_LIKE_COMMANDS.has(word)) return undefined;
  const other = Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word] : undefined;
  if (other !== undefined) return other;
  const near = commands.find(
    (name) => (word.length >= MIN_PREFIX && name.startsWith(word)) || isTypingError(word, name),
  );
  return near === undefined ? undefined : `compose ${near}`;
}

/** Tells whether two words differ by one letter added, removed or replaced, or by two swapped, after the first letter. */
function isTypingError(word: string, name: string): boolean {
  if (Math.min(word.length, name.length) < MIN_EDITED || word[0] !== name[0]) return false;
  let start = 0;
  while (start < word.length && word[start] === name[start]) start++;
  const [rest, wanted] = [word.slice(start), name.slice(start)];
  return (
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    rest.slice(1) === wanted.slice(1) ||
    (rest[0] === wanted[1] && rest[1] === wanted[0] && rest.slice(2) === wanted.slice(2))
  );
}

/**
 * Refuses a first word that looks like a command and that no known repository has as a package, before anything is fetched for it.
 * @throws AppError USAGE
 */
export async function refuseMistypedCommand(
  word: string,
  commands: CommandTable,
  isPackage: (name: string) => Promise<boolean>,
): Promise<void> {
  const names = commandNames(commands);
  const meant = intendedCommand(word, names);
  if (meant === undefined || (await isPackage(word))) return;
  throw new AppError('USAGE', `no command ${JSON.stringify(word)}`, {
    hint: `Did you mean ${meant}? For a package of that name: compose -- ${word}`,
    details: { expected: names, got: word },
  });
}
