import { dirname, isAbsolute, join } from 'node:path';
import type { Document, LineCounter, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { reasonOf } from '../../files/errno.ts';
import { readLimitedInput } from '../../files/limited-file.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { nearest } from './nearest.ts';
import { refuse } from './setting-values.ts';
import { type ComposeSettings, SETTINGS, type Setting } from './settings.ts';

/** Recipes are written by hand; a larger file is given by mistake. */
const MAX_RECIPE_BYTES = 1 << 20;

/** Following an alias searches the whole document; a handwritten recipe needs a handful. */
const MAX_ALIASES = 100;

type Yaml = typeof import('yaml');

/** V8's message of a RangeError, which the parser reports as an error of the text. */
const STACK_ENDED = 'Maximum call stack size exceeded';

/** Position of a node, `recipe.yaml:3:9`, and what it is read with. */
interface Reading {
  readonly yaml: Yaml;
  readonly path: string;
  readonly lines: LineCounter;
  readonly document: Document;
  readonly aliases: { followed: number };
}

function place({ path, lines }: Reading, node: unknown): string {
  const start = (node as Node | null)?.range?.[0] ?? 0;
  const { line, col } = lines.linePos(start);
  return `${path}:${line}:${col}`;
}

/** Returns the node that an alias stands for. Recipes are two levels deep, so that no alias can multiply or contain itself. */
function follow(reading: Reading, node: unknown): unknown {
  if (!reading.yaml.isAlias(node)) return node;
  reading.aliases.followed += 1;
  if (reading.aliases.followed > MAX_ALIASES) {
    refuse({ where: place(reading, node), expected: `at most ${MAX_ALIASES} aliases`, got: 'more' });
  }
  return node.resolve(reading.document);
}

/** Returns a scalar as it is written, so that `release: 3.20` is not the number 3.2. */
function scalarText(reading: Reading, written: unknown, key: string): string {
  const node = follow(reading, written);
  const where = `${place(reading, written)}: ${key}`;
  if (!reading.yaml.isScalar(node))
    return refuse({ where, expected: 'a single value', got: shapeOf(reading, node) });
  const { value, source } = node as Scalar;
  if (value === null || value === undefined) return refuse({ where, expected: 'a value', got: undefined });
  return typeof value === 'string' ? value : (source ?? String(value));
}

function shapeOf({ yaml }: Reading, node: unknown): string | undefined {
  if (yaml.isMap(node)) return 'a map';
  if (yaml.isSeq(node)) return 'a list';
  return yaml.isScalar(node) ? String(node.value) : undefined;
}

function listTexts(reading: Reading, node: unknown, key: string): string[] {
  if (reading.yaml.isSeq(node)) return node.items.map((item) => scalarText(reading, item, key));
  return [scalarText(reading, node, key)];
}

function pairTexts(reading: Reading, node: unknown, key: string): string[] {
  if (!reading.yaml.isMap(node)) return listTexts(reading, node, key);
  return node.items.map((pair) => {
    const name = scalarText(reading, pair.key, key);
    if (name.includes('='))
      refuse({ where: `${place(reading, pair.key)}: ${key}`, expected: 'a name without =', got: name });
    return `${name}=${scalarText(reading, pair.value ?? pair.key, `${key}.${name}`)}`;
  });
}

/** Returns the texts that the flag would be given. */
function textsOf(reading: Reading, node: unknown, { key, shape }: Setting): string[] {
  const { yaml } = reading;
  if (shape === 'list') return listTexts(reading, node, key);
  if (shape === 'pairs') return pairTexts(reading, node, key);
  if (shape === 'command' && yaml.isSeq(node)) return [JSON.stringify(listTexts(reading, node, key))];
  return [scalarText(reading, node, key)];
}

/** Makes a local path relative to the recipe's folder; URLs and `@tag url` lines stay unchanged. */
function relocate(text: string, folder: string): string {
  const [, tag, location] = /^(@\S+\s+)?(.*)$/s.exec(text) ?? [];
  if (
    location === undefined ||
    location === '' ||
    isAbsolute(location) ||
    /^[a-z][a-z0-9+.-]*:/i.test(location)
  ) {
    return text;
  }
  return `${tag ?? ''}${join(folder, location)}`;
}

function readPair(reading: Reading, pair: Pair): ComposeSettings {
  const key = scalarText(reading, pair.key, 'key');
  const found = SETTINGS.find((setting) => setting.key === key);
  if (found === undefined) {
    const near =
      nearest(
        key,
        SETTINGS.map((setting) => setting.key),
      ) ?? SETTINGS.find((s) => s.flag === key)?.key;
    throw new AppError('USAGE', `${place(reading, pair.key)}: unknown key ${JSON.stringify(key)}`, {
      hint:
        near === undefined
          ? `The keys are ${SETTINGS.map((s) => s.key).join(', ')}.`
          : `Did you mean ${near}?`,
      details: { option: key, expected: SETTINGS.map((setting) => setting.key), got: key },
    });
  }
  if (pair.value === null)
    refuse({ where: `${place(reading, pair.key)}: ${key}`, expected: 'a value', got: undefined });
  const texts = textsOf(reading, follow(reading, pair.value), found);
  if (key === 'packages' && texts.length === 0) {
    refuse({
      where: `${place(reading, pair.value)}: ${key}`,
      expected: 'at least one package',
      got: undefined,
    });
  }
  const located = found.path ? texts.map((text) => relocate(text, dirname(reading.path))) : texts;
  return found.parse(located, `${place(reading, pair.value)}: ${key}`);
}

/** The parser recurses as deep as the text is nested. */
function parseYaml(yaml: Yaml, text: string, { path, lines }: Pick<Reading, 'path' | 'lines'>): Document {
  const tooDeep = () => new AppError('LIMIT', `${path}: nested too deep: recipes are two levels deep`);
  try {
    const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
    if (document.errors.some(({ message }) => message.includes(STACK_ENDED))) throw tooDeep();
    return document;
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

/** Parses the text of a recipe. @param path for messages @throws AppError USAGE with line and column, LIMIT */
export async function parseRecipe(text: string, path: string): Promise<ComposeSettings> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = parseYaml(yaml, text, { path, lines });
  const reading: Reading = { yaml, path, lines, document, aliases: { followed: 0 } };
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const what =
      problem.code === 'MULTIPLE_DOCS'
        ? 'expected one document, got several'
        : `not YAML: ${problem.message}`;
    throw new AppError('USAGE', `${path}:${line}:${col}: ${what}`, {
      details: { expected: 'YAML', got: problem.code, line, column: col },
    });
  }
  if (!yaml.isMap(document.contents)) {
    return refuse({
      where: `${path}:1:1`,
      expected: 'a map of recipe keys',
      got: shapeOf(reading, document.contents),
    });
  }
  const settings: ComposeSettings[] = (document.contents as YAMLMap).items.map((pair) =>
    readPair(reading, pair),
  );
  return settings.reduce((all, setting) => Object.assign(all, setting), {});
}

/** Reads and checks a recipe. Relative paths in it are relative to its folder. @throws AppError USAGE, LIMIT */
export async function readRecipe(path: string): Promise<ComposeSettings> {
  let text: string;
  try {
    text = (await readLimitedInput(path, MAX_RECIPE_BYTES)).toString('utf8');
  } catch (error) {
    if (isAppError(error, 'LIMIT')) {
      const text = `${path}: expected a recipe of at most ${MAX_RECIPE_BYTES} bytes, got more`;
      throw new AppError('USAGE', text, { details: { path } });
    }
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new AppError(
      'USAGE',
      `cannot read the recipe ${path}: ${code === 'ENOENT' ? 'no such file' : reasonOf(error)}`,
      {
        hint: 'Give the path of a recipe file, as in: compose build recipes/alpine-gcc.yaml',
        cause: error,
        details: { path, got: code },
      },
    );
  }
  return parseRecipe(text, path);
}
