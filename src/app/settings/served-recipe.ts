import { execFile } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../model/app-error.ts';
import type { ContextOptions } from '../context.ts';
import { parseRecipe, readRecipe } from './recipe.ts';
import type { ComposeSettings } from './settings.ts';

/** A recipe for a server: one of a folder, or the text of a client. */
export type ServedRecipeRequest =
  | { readonly folder: string; readonly name: string; readonly ref: string }
  | { readonly text: string };

/** Ref of the folder's own files. */
const WORKING_FOLDER = 'latest';
/** Recipes are written by hand; lists of their names may be longer. */
const MAX_OUTPUT_BYTES = 1 << 20;
const SUFFIXES = ['.yaml', '.yml', '.json'];

/** What a served recipe cannot have: it would read files of the server, or reach other servers. By setting: key in recipes. */
const REFUSED: Readonly<Partial<Record<keyof ComposeSettings, string>>> = {
  mirrors: 'mirrors',
  repositories: 'repositories',
  keyring: 'keyring',
  keyringAppend: 'keyring-append',
  allowUntrusted: 'allow-untrusted',
  sigLevel: 'sig-level',
  solver: 'solver',
  add: 'add',
};

/**
 * Reads a recipe for a server, which composes from the sources of its own configuration: of a folder, as it is (`latest`) or in a
 * branch, tag or commit of its Git checkout, whose work tree is not touched; or a text, in which scripts may not be run either.
 * @throws AppError NOT_FOUND for an unknown recipe or ref, USAGE for what a served recipe cannot have; as parseRecipe
 */
export async function servedRecipe(
  { signal }: ContextOptions,
  request: ServedRecipeRequest,
): Promise<ComposeSettings> {
  // Where a command writes the image does not matter here.
  const { output, format, ...recipe } =
    'text' in request ? await parseRecipe(request.text, 'recipe') : await ofFolder(request, signal);
  for (const [setting, key] of Object.entries(REFUSED))
    if (setting in recipe) throw new AppError('USAGE', `${key}: a served recipe cannot have it`);
  if ('text' in request && recipe.install === 'run')
    throw new AppError('USAGE', 'install: run: a recipe of a client cannot have it');
  if ((recipe.packages ?? []).length === 0)
    throw new AppError('USAGE', 'packages: a served recipe needs some');
  return recipe;
}

type FolderRequest = Extract<ServedRecipeRequest, { folder: string }>;

async function ofFolder(request: FolderRequest, signal: AbortSignal): Promise<ComposeSettings> {
  const { folder, name, ref } = request;
  if (ref !== WORKING_FOLDER) return ofCommit(request, signal);
  const root = realpathSync(folder);
  const path = SUFFIXES.map((suffix) => join(root, `${name}${suffix}`)).find((file) => existsSync(file));
  if (path === undefined) throw unknownRecipe(name, recipesIn(root));
  if (!realpathSync(path).startsWith(root + sep))
    throw new AppError('NOT_FOUND', `recipe ${name}: its file leads out of the folder of recipes`);
  return readRecipe(path);
}

async function ofCommit({ folder, name, ref }: FolderRequest, signal: AbortSignal): Promise<ComposeSettings> {
  const git = gitIn(folder, signal);
  const commit = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (commit === undefined) {
    const refs = (await git(['for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/tags'])) ?? '';
    const there = refs
      .trim()
      .split('\n')
      .filter((word) => word !== '');
    const list =
      there.length === 0 ? 'the folder is no Git checkout' : `there are ${there.slice(0, 20).join(', ')}`;
    throw new AppError('NOT_FOUND', `recipe ${name}: no commit, branch or tag ${ref}; ${list}`);
  }
  for (const suffix of SUFFIXES) {
    const text = await git(['cat-file', 'blob', `${commit.trim()}:./${name}${suffix}`]);
    if (text !== undefined) return parseRecipe(text, `${ref}:${name}${suffix}`);
  }
  const files = (await git(['ls-tree', '-r', '--name-only', commit.trim(), './'])) ?? '';
  throw unknownRecipe(name, namesOf(files.split('\n')));
}

/** Runs git without network, locks and configured programs; undefined: it failed. */
function gitIn(
  folder: string,
  signal: AbortSignal,
): (words: readonly string[]) => Promise<string | undefined> {
  return async (words) => {
    try {
      const { stdout } = await promisify(execFile)(
        'git',
        ['-C', folder, '-c', 'core.fsmonitor=false', ...words],
        {
          env: {
            PATH: process.env.PATH,
            HOME: process.env.HOME,
            GIT_NO_LAZY_FETCH: '1',
            GIT_OPTIONAL_LOCKS: '0',
            GIT_TERMINAL_PROMPT: '0',
          },
          maxBuffer: MAX_OUTPUT_BYTES,
          signal,
        },
      );
      return stdout;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw new AppError('NOT_FOUND', 'recipes of commits need git, which is not on PATH', {
          cause: error,
        });
      return undefined;
    }
  };
}

function recipesIn(root: string): readonly string[] {
  return namesOf(readdirSync(root, { recursive: true, encoding: 'utf8' }));
}

function namesOf(files: readonly string[]): readonly string[] {
  return files
    .filter((file) => SUFFIXES.some((suffix) => file.endsWith(suffix)) && !file.startsWith('.'))
    .map((file) => file.replace(/\.[a-z]+$/, ''))
    .sort();
}

function unknownRecipe(name: string, there: readonly string[]): AppError {
  const list = there.length === 0 ? 'there is none' : `there are ${there.slice(0, 20).join(', ')}`;
  return new AppError('NOT_FOUND', `no recipe ${name}; ${list}`);
}
