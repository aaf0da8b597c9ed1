import type { Document, LineCounter, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { reasonOf } from '../../files/errno.ts';
import { readLimitedInput } from '../../files/limited-file.ts';
import { AppError, isAppError } from '../../model/app-error.ts';
import { nearest } from './nearest.ts';
import { refuse } from './setting-values.ts';

/** Files of settings are written by hand; a larger file is given by mistake. */
const MAX_BYTES = 1 << 20;

/** Following an alias searches the whole document; a handwritten file needs a handful. */
const MAX_ALIASES = 100;

type Yaml = typeof import('yaml');

/** V8's message of a RangeError, which the parser reports as an error of the text. */
const STACK_ENDED = 'Maximum call stack size exceeded';

/** Kind of file, for messages. */
export interface YamlFileKind {
  /** `recipe` */
  readonly noun: string;
  /** `recipes are two levels deep` */
  readonly depth: string;
  /** What to do if it cannot be read */
  readonly hint: string;
}

/** A parsed file and its place, for messages: `recipe.yaml:3:9`. */
export interface Reading {
  readonly yaml: Yaml;
  readonly path: string;
  readonly lines: LineCounter;
  readonly document: Document;
  readonly aliases: { followed: number };
}

/** Returns where a node is: `recipe.yaml:3:9`. */
export function place({ path, lines }: Reading, node: unknown): string {
  const start = (node as Node | null)?.range?.[0] ?? 0;
  const { line, col } = lines.linePos(start);
  return `${path}:${line}:${col}`;
}

/**
 * Returns the node that an alias stands for. Whoever reads the nodes goes only as deep as the settings do, so that no alias can
 * multiply or contain itself.
 */
export function follow(reading: Reading, node: unknown): unknown {
  if (!reading.yaml.isAlias(node)) return node;
  reading.aliases.followed += 1;
  if (reading.aliases.followed > MAX_ALIASES) {
    refuse({ where: place(reading, node), expected: `at most ${MAX_ALIASES} aliases`, got: 'more' });
  }
  return node.resolve(reading.document);
}

/** Returns a scalar as it is written, so that `release: 3.20` is not the number 3.2. @throws AppError USAGE */
export function scalarText(reading: Reading, written: unknown, key: string): string {
  const node = follow(reading, written);
  const where = `${place(reading, written)}: ${key}`;
  if (!reading.yaml.isScalar(node))
    return refuse({ where, expected: 'a single value', got: shapeOf(reading, node) });
  const { value, source } = node as Scalar;
  if (value === null || value === undefined) return refuse({ where, expected: 'a value', got: undefined });
  return typeof value === 'string' ? value : (source ?? String(value));
}

/** Names what a node is, for messages. */
export function shapeOf({ yaml }: Reading, node: unknown): string | undefined {
  if (yaml.isMap(node)) return 'a map';
  if (yaml.isSeq(node)) return 'a list';
  return yaml.isScalar(node) ? String(node.value) : undefined;
}

/** Returns the texts of a list, or of a single value. @throws AppError USAGE */
export function listTexts(reading: Reading, node: unknown, key: string): string[] {
  if (reading.yaml.isSeq(node)) return node.items.map((item) => scalarText(reading, item, key));
  return [scalarText(reading, node, key)];
}

/** A pair of a map: a key that is known, and the node of its value. */
export interface KnownPair {
  readonly key: string;
  readonly value: unknown;
}

/**
 * Finds a pair's key among the known ones.
 * @param also further words, as options are called, and the keys that they stand for
 * @throws AppError USAGE with the nearest key as a hint
 */
export function knownPair(
  reading: Reading,
  pair: Pair,
  keys: readonly string[],
  also: ReadonlyMap<string, string> = new Map(),
): KnownPair {
  const key = scalarText(reading, pair.key, 'key');
  if (!keys.includes(key)) {
    const near = nearest(key, keys) ?? also.get(key);
    throw new AppError('USAGE', `${place(reading, pair.key)}: unknown key ${JSON.stringify(key)}`, {
      hint: near === undefined ? `The keys are ${keys.join(', ')}.` : `Did you mean ${near}?`,
      details: { option: key, expected: keys, got: key },
    });
  }
  if (pair.value === null)
    refuse({ where: `${place(reading, pair.key)}: ${key}`, expected: 'a value', got: undefined });
  return { key, value: pair.value };
}

/** The parser recurses as deep as the text is nested. */
function parseYaml(
  yaml: Yaml,
  text: string,
  { path, lines, depth }: Pick<Reading, 'path' | 'lines'> & Pick<YamlFileKind, 'depth'>,
): Document {
  const tooDeep = () => new AppError('LIMIT', `${path}: nested too deep: ${depth}`);
  try {
    const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
    if (document.errors.some(({ message }) => message.includes(STACK_ENDED))) throw tooDeep();
    return document;
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

/**
 * Parses a text whose outermost value is a map.
 * @param path for messages
 * @throws AppError USAGE with line and column, LIMIT
 */
export async function parseYamlMap(
  text: string,
  path: string,
  { noun, depth }: Pick<YamlFileKind, 'noun' | 'depth'>,
): Promise<{ readonly reading: Reading; readonly map: YAMLMap }> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = parseYaml(yaml, text, { path, lines, depth });
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
  const { contents } = document;
  if (yaml.isMap(contents)) return { reading, map: contents as YAMLMap };
  return refuse({
    where: `${path}:1:1`,
    expected: `a map of ${noun} keys`,
    got: shapeOf(reading, contents),
  });
}

/** Reads a file of settings. @throws AppError USAGE */
export async function readSettingsFile(path: string, { noun, hint }: YamlFileKind): Promise<string> {
  try {
    return (await readLimitedInput(path, MAX_BYTES)).toString('utf8');
  } catch (error) {
    if (isAppError(error, 'LIMIT')) {
      const text = `${path}: expected a ${noun} of at most ${MAX_BYTES} bytes, got more`;
      throw new AppError('USAGE', text, { details: { path } });
    }
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new AppError(
      'USAGE',
      `cannot read the ${noun} ${path}: ${code === 'ENOENT' ? 'no such file' : reasonOf(error)}`,
      { hint, cause: error, details: { path, got: code } },
    );
  }
}
