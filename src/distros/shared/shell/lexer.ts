import { Cursor, META } from './cursor.ts';
import { HereDocuments } from './here-documents.ts';
import type { Redirect, Script, Word, WordPart } from './syntax.ts';
import { undecided } from './undecided.ts';
import { type WordContext, WordReader } from './words.ts';

/** Grammar of a script: POSIX sh as in busybox's ash, or bash. */
export type ShellDialect = 'sh' | 'bash';

/** Real scripts of packages have at most a tenth of this; a larger one is Undecided. */
const MAX_SCRIPT_CHARACTERS = 64 * 1024;
/** Nesting of substitutions and compound commands, limited for the parser's stack. */
const MAX_DEPTH = 40;

const OPERATORS = ['&&', '||', ';;', '&>>', '&>', '|&', ';', '&', '|', '(', ')', '\n'] as const;
/** An operator of the grammar other than a redirect; a newline is one. */
export type Operator = (typeof OPERATORS)[number];

/**
 * Reads words, operators and redirects of a script, on demand. Whatever is not certain is Undecided. The constructor's `parse`
 * reads the script of a command substitution up to its parenthesis.
 */
export class ShellLexer implements WordContext {
  readonly dialect: ShellDialect;
  readonly #cursor: Cursor;
  readonly #words: WordReader;
  readonly #parse: (lexer: ShellLexer) => Script;
  readonly #hereDocuments = new HereDocuments();
  #depth: number;

  constructor(text: string, dialect: ShellDialect, parse: (lexer: ShellLexer) => Script, depth = 0) {
    if (text.length > MAX_SCRIPT_CHARACTERS || text.includes('\0')) undecided('no script of a package');
    this.dialect = dialect;
    this.#cursor = new Cursor(text);
    this.#words = new WordReader(this.#cursor, this);
    this.#parse = parse;
    this.#depth = depth;
  }

  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) undecided('nested too deeply');
    const result = read();
    this.#depth -= 1;
    return result;
  }

  substitution(): Script {
    if (this.awaitsHereDocument) undecided('a substitution before the text of a here-document');
    const body = this.nested(() => this.#parse(this));
    if (!this.accept(')') || this.awaitsHereDocument) undecided('a substitution without end');
    return body;
  }

  /** Whether a here-document was announced whose text has not been read. */
  get awaitsHereDocument(): boolean {
    return !this.#hereDocuments.isEmpty;
  }

  /** Returns the next operator without taking it; `''` at the end, undefined if a word or redirect is next. */
  peek(): Operator | '' | undefined {
    this.#skipBlanks();
    if (this.#cursor.next === undefined) return '';
    return OPERATORS.find((operator) => this.#cursor.startsWith(operator));
  }

  /** Takes the operator that `peek` returned. */
  take(operator: Operator): void {
    this.#cursor.position += operator.length;
    if (operator === '\n') this.#hereDocuments.read(this.#cursor, (text) => this.#hereDocumentParts(text));
  }

  /** Takes the operator if it is next. Returns whether it was. */
  accept(operator: Operator): boolean {
    if (this.peek() !== operator) return false;
    this.take(operator);
    return true;
  }

  /** Returns the next unquoted plain word without taking it; empty if there is none. */
  peekPlain(): string {
    this.#skipBlanks();
    const word = this.#cursor.match(/[A-Za-z0-9_!{}[\]]+/y)?.[0] ?? '';
    const next = this.#cursor.text[this.#cursor.position + word.length];
    return next === undefined || META.test(next) ? word : '';
  }

  /** Takes the word that `peekPlain` returned. */
  takePlain(word: string): void {
    this.#cursor.position += word.length;
  }

  /** Takes the plain word if it is next. Returns whether it was. */
  acceptPlain(word: string): boolean {
    if (this.peekPlain() !== word) return false;
    this.takePlain(word);
    return true;
  }

  /** Takes the plain word. @throws Undecided when it is not next */
  expectPlain(word: string): void {
    if (!this.acceptPlain(word)) undecided(`no ${word}`);
  }

  /** Takes `name=` before a value. Returns the name; undefined if there is none. */
  acceptAssignment(): string | undefined {
    this.#skipBlanks();
    return this.#cursor.take(/([A-Za-z_][A-Za-z0-9_]*)=/y)?.[1];
  }

  /** Reads the value of an assignment, empty before a blank or an operator. In bash, `(` starts an array. */
  assignedValue(): Word {
    const { next } = this.#cursor;
    if (next === '(' && this.dialect === 'bash') return [this.#array()];
    if (this.#cursor.startsWith('\\\n')) undecided('a continued assignment');
    return next === undefined || META.test(next) ? [] : this.word();
  }

  /** Takes the head of a function, `name (` `)`. Returns the name; undefined if there is none. */
  acceptFunction(): string | undefined {
    this.#skipBlanks();
    return this.#cursor.take(/([A-Za-z_][A-Za-z0-9_]*)[ \t]*\([ \t]*\)/y)?.[1];
  }

  acceptRedirect(): Redirect | undefined {
    this.#skipBlanks();
    const found = this.#cursor.take(/([0-9]?)(<<<|<<-|<<|<&|<>|<\(|<|>>|>&|>\||>\(|>)|(&>>?)/y);
    if (found === null) return undefined;
    const [, digit = '', operator = '', both] = found;
    if (both !== undefined) {
      if (both !== '&>') undecided(`redirects with ${both}`);
      return { descriptor: undefined, operator: '>', target: this.word() };
    }
    const byDefault = operator.startsWith('<') ? '0' : '1';
    const read = (): 0 | 1 | 2 => descriptor(digit === '' ? byDefault : digit);
    if (operator === '<<' || operator === '<<-') {
      const target = this.#hereDocuments.announce(this.word(), operator === '<<-');
      return { descriptor: read(), operator: '<<', target };
    }
    if (operator !== '<' && operator !== '>' && operator !== '>>' && operator !== '<&' && operator !== '>&')
      return undecided(`redirects with ${operator}`);
    return { descriptor: read(), operator, target: this.word() };
  }

  word(): Word {
    this.#skipBlanks();
    return this.#words.word();
  }

  /** Skips past the close of `[[` or `((`. */
  skipPast(end: ']]' | '))'): void {
    this.#words.skipPast(end);
  }

  /** Returns whether `((` is next. */
  atArithmetic(): boolean {
    this.#skipBlanks();
    return this.#cursor.startsWith('((');
  }

  #skipBlanks(): void {
    const cursor = this.#cursor;
    for (;;) {
      const { next } = cursor;
      if (next === ' ' || next === '\t') cursor.position += 1;
      else if (next === '\\' && cursor.startsWith('\\\n')) cursor.position += 2;
      else if (next === '#' && this.#isWordStart()) {
        const end = cursor.text.indexOf('\n', cursor.position);
        cursor.position = end < 0 ? cursor.text.length : end;
      } else return;
    }
  }

  #isWordStart(): boolean {
    const before = this.#cursor.text[this.#cursor.position - 1];
    return before === undefined || META.test(before);
  }

  #array(): WordPart {
    this.#cursor.position += 1;
    for (;;) {
      const next = this.peek();
      if (next === ')') break;
      if (next === '\n') this.take('\n');
      else if (next !== undefined || this.acceptRedirect() !== undefined)
        undecided('an array of unknown form');
      else this.word();
    }
    this.take(')');
    return { kind: 'opaque', what: 'an array' };
  }

  #hereDocumentParts(text: string): Word {
    return new ShellLexer(text, this.dialect, this.#parse, this.#depth + 1).#words.hereDocument();
  }
}

function descriptor(digit: string): 0 | 1 | 2 {
  if (digit !== '0' && digit !== '1' && digit !== '2') undecided(`file descriptor ${digit}`);
  return Number(digit) as 0 | 1 | 2;
}
