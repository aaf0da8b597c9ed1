import { type ShellDialect, ShellLexer } from './lexer.ts';
import type { AndOr, Assignment, Command, Pipeline, Redirect, Script, Word } from './syntax.ts';
import { undecided } from './undecided.ts';

/** Reserved words, which have a meaning in the place of a command (POSIX.1-2017, 2.4), and bash's. */
const RESERVED = new Set(
  '! { } [[ ]] case do done elif else esac fi for function if in select then time until while coproc'.split(
    ' ',
  ),
);

/**
 * Parses a whole script.
 * @param text the script's bytes, as model/path-bytes.ts decodes them
 * @throws Undecided when anything in it is not understood
 */
export function parseShell(text: string, dialect: ShellDialect): Script {
  const lexer = new ShellLexer(text, dialect, (inner) => list(inner));
  const script = list(lexer);
  if (lexer.peek() !== '' || lexer.awaitsHereDocument) undecided('text behind the end');
  return script;
}

/** Parses commands up to a word or operator that cannot start one; the caller checks which follows. */
function list(lexer: ShellLexer): Script {
  const items: AndOr[] = [];
  for (;;) {
    while (lexer.accept('\n'));
    if (!startsCommand(lexer)) return items;
    const item = andOr(lexer);
    const end = lexer.peek();
    const background = end === '&';
    items.push({ ...item, background });
    if (end === ';' || end === '&' || end === '\n') lexer.take(end);
    else if (end === ')' || end === ';;' || end === '') return items;
    else if (end !== undefined || startsCommand(lexer)) undecided('no end of a command');
    else return items;
  }
}

/** Parses a body, which must not be empty. */
function body(lexer: ShellLexer): Script {
  const script = lexer.nested(() => list(lexer));
  return script.length > 0 ? script : undecided('an empty body');
}

function startsCommand(lexer: ShellLexer): boolean {
  const next = lexer.peek();
  if (next === '(' || next === '&>') return true;
  if (next !== undefined) return false;
  const word = lexer.peekPlain();
  return !['}', 'then', 'elif', 'else', 'fi', 'do', 'done', 'esac', 'in', ']]'].includes(word);
}

function andOr(lexer: ShellLexer): Omit<AndOr, 'background'> {
  const first = pipeline(lexer);
  const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
  for (;;) {
    const operator = lexer.peek();
    if (operator !== '&&' && operator !== '||') return { first, rest };
    lexer.take(operator);
    while (lexer.accept('\n'));
    rest.push({ operator, pipeline: pipeline(lexer) });
  }
}

function pipeline(lexer: ShellLexer): Pipeline {
  const negated = lexer.acceptPlain('!');
  const commands = [command(lexer)];
  for (;;) {
    const operator = lexer.peek();
    if (operator !== '|') return operator === '|&' ? undecided('|&') : { negated, commands };
    lexer.take('|');
    while (lexer.accept('\n'));
    commands.push(command(lexer));
  }
}

function command(lexer: ShellLexer): Command {
  if (!startsCommand(lexer)) undecided('no command');
  const name = lexer.acceptFunction();
  if (name !== undefined) {
    if (RESERVED.has(name)) undecided(`a function ${name}`);
    while (lexer.accept('\n'));
    const definition = lexer.nested(() => command(lexer));
    if (definition.kind === 'simple' || definition.kind === 'function')
      undecided('a function of unknown form');
    return { kind: 'function', name, body: definition };
  }
  return compound(lexer) ?? simple(lexer);
}

function compound(lexer: ShellLexer): Command | undefined {
  if (lexer.dialect === 'bash' && lexer.atArithmetic()) {
    lexer.take('(');
    lexer.take('(');
    lexer.nested(() => lexer.skipPast('))'));
    return { kind: 'opaque', what: '(( ))', inner: [], redirects: redirects(lexer) };
  }
  if (lexer.accept('(')) {
    const inner = body(lexer);
    if (!lexer.accept(')')) undecided('a subshell without end');
    return { kind: 'opaque', what: 'a subshell', inner: [inner], redirects: redirects(lexer) };
  }
  const word = lexer.peekPlain();
  if (!RESERVED.has(word)) return undefined;
  if (word === '[[' && lexer.dialect === 'sh') undecided('[[ in sh');
  lexer.takePlain(word);
  switch (word) {
    case '{': {
      const inner = body(lexer);
      lexer.expectPlain('}');
      return { kind: 'group', body: inner, redirects: redirects(lexer) };
    }
    case 'if':
      return ifCommand(lexer);
    case 'for':
      return forCommand(lexer);
    case 'case':
      return caseCommand(lexer);
    case 'while':
    case 'until': {
      const condition = body(lexer);
      lexer.expectPlain('do');
      const inner = body(lexer);
      lexer.expectPlain('done');
      return { kind: 'opaque', what: word, inner: [condition, inner], redirects: redirects(lexer) };
    }
    case '[[':
      lexer.nested(() => lexer.skipPast(']]'));
      return { kind: 'opaque', what: '[[ ]]', inner: [], redirects: redirects(lexer) };
    default:
      return undecided(`${word} instead of a command`);
  }
}

function ifCommand(lexer: ShellLexer): Command {
  const branches: { condition: Script; body: Script }[] = [];
  let otherwise: Script = [];
  for (;;) {
    const condition = body(lexer);
    lexer.expectPlain('then');
    branches.push({ condition, body: body(lexer) });
    if (lexer.acceptPlain('elif')) continue;
    if (lexer.acceptPlain('else')) otherwise = body(lexer);
    lexer.expectPlain('fi');
    return { kind: 'if', branches, otherwise, redirects: redirects(lexer) };
  }
}

function forCommand(lexer: ShellLexer): Command {
  const name = lexer.peekPlain();
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) undecided('a loop of unknown form');
  lexer.takePlain(name);
  while (lexer.accept('\n'));
  let words: Word[] | undefined;
  if (lexer.acceptPlain('in')) {
    words = [];
    while (lexer.peek() === undefined) words.push(lexer.word());
    if (!lexer.accept(';') && !lexer.accept('\n')) undecided('a loop of unknown form');
  } else lexer.accept(';');
  while (lexer.accept('\n'));
  lexer.expectPlain('do');
  const inner = body(lexer);
  lexer.expectPlain('done');
  return { kind: 'for', name, words, body: inner, redirects: redirects(lexer) };
}

function caseCommand(lexer: ShellLexer): Command {
  const subject = lexer.word();
  while (lexer.accept('\n'));
  lexer.expectPlain('in');
  const branches: { patterns: Word[]; body: Script }[] = [];
  for (;;) {
    while (lexer.accept('\n'));
    if (lexer.acceptPlain('esac')) break;
    lexer.accept('(');
    const patterns = [lexer.word()];
    while (lexer.accept('|')) patterns.push(lexer.word());
    if (!lexer.accept(')')) undecided('a pattern without end');
    branches.push({ patterns, body: lexer.nested(() => list(lexer)) });
    if (lexer.accept(';;')) continue;
    while (lexer.accept('\n'));
    lexer.expectPlain('esac');
    break;
  }
  return { kind: 'case', subject, branches, redirects: redirects(lexer) };
}

function redirects(lexer: ShellLexer): readonly Redirect[] {
  const found: Redirect[] = [];
  for (;;) {
    const redirect = lexer.acceptRedirect();
    if (redirect === undefined) return found;
    found.push(redirect);
  }
}

function simple(lexer: ShellLexer): Command {
  const assignments: Assignment[] = [];
  const words: Word[] = [];
  const found: Redirect[] = [];
  for (;;) {
    const redirect = lexer.acceptRedirect();
    if (redirect !== undefined) {
      found.push(redirect);
      continue;
    }
    if (lexer.peek() !== undefined) break;
    const name = words.length === 0 ? lexer.acceptAssignment() : undefined;
    if (name !== undefined) assignments.push({ name, value: lexer.assignedValue() });
    else words.push(word(lexer, words));
  }
  if (lexer.peek() === '(' || assignments.length + words.length + found.length === 0) undecided('no command');
  return { kind: 'simple', assignments, words, redirects: found };
}

/** Reads a word of a command; in bash, `local a=(x y)` has an array too. */
function word(lexer: ShellLexer, before: readonly Word[]): Word {
  const [first] = before;
  const declares =
    lexer.dialect === 'bash' &&
    first?.length === 1 &&
    first[0]?.kind === 'text' &&
    ['local', 'declare', 'readonly', 'export'].includes(first[0].text);
  const name = declares ? lexer.acceptAssignment() : undefined;
  if (name === undefined) return lexer.word();
  return [{ kind: 'text', text: `${name}=`, quoted: false }, ...lexer.assignedValue()];
}
