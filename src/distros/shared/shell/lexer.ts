import { append } from '../../../model/lists.ts';
import type { Redirect, Script, Word, WordPart } from './syntax.ts';
import { undecided } from './undecided.ts';

export type ShellDialect = 'sh' | 'bash';

/** Real scripts of packages are a tenth of it; a larger one is run, not read. */
const MAX_SCRIPT_CHARACTERS = 64 * 1024;
/** Substitutions and compound commands inside each other; keeps the parser's stack small. */
const MAX_DEPTH = 40;

const OPERATORS = ['&&', '||', ';;', '&>>', '&>', '|&', ';', '&', '|', '(', ')', '\n'] as const;
export type Operator = (typeof OPERATORS)[number];

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** What ends an unquoted word. */
const META = /[\s;&|<>()]/;

/**
 * Words, operators and redirects of a script, on demand. What it does not know for certain is Undecided.
 * `parse` reads the script of a command substitution up to its parenthesis.
 */
export class ShellLexer {
  readonly dialect: ShellDialect;
  readonly #text: string;
  readonly #parse: (lexer: ShellLexer) => Script;
  #position = 0;
  #depth = 0;
  /** Here-documents whose text starts after the next newline */
  readonly #hereDocuments: {
    delimiter: string;
    quoted: boolean;
    tabs: boolean;
    fill: (text: Word) => void;
  }[] = [];

  constructor(text: string, dialect: ShellDialect, parse: (lexer: ShellLexer) => Script) {
    if (text.length > MAX_SCRIPT_CHARACTERS || text.includes('\0')) undecided('no script of a package');
    this.#text = text;
    this.dialect = dialect;
    this.#parse = parse;
  }

  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) undecided('nested too deeply');
    const result = read();
    this.#depth -= 1;
    return result;
  }

  /** The operator that is next, not taken. `''` at the end; undefined where a word or redirect is next. */
  peek(): Operator | '' | undefined {
    this.#skipBlanks();
    if (this.#position >= this.#text.length) return '';
    return OPERATORS.find((operator) => this.#text.startsWith(operator, this.#position));
  }

  /** Takes the operator that `peek` told of. */
  take(operator: Operator): void {
    this.#position += operator.length;
    if (operator === '\n') this.#readHereDocuments();
  }

  accept(operator: Operator): boolean {
    if (this.peek() !== operator) return false;
    this.take(operator);
    return true;
  }

  /** The unquoted plain word that is next, not taken; '' where there is none. */
  peekPlain(): string {
    this.#skipBlanks();
    const plain = /[A-Za-z0-9_!{}[\]]+/y;
    plain.lastIndex = this.#position;
    const word = plain.exec(this.#text)?.[0] ?? '';
    const next = this.#text[this.#position + word.length];
    return next === undefined || META.test(next) ? word : '';
  }

  takePlain(word: string): void {
    this.#position += word.length;
  }

  acceptPlain(word: string): boolean {
    if (this.peekPlain() !== word) return false;
    this.takePlain(word);
    return true;
  }

  expectPlain(word: string): void {
    if (!this.acceptPlain(word)) undecided(`no ${word}`);
  }

  /** `name=` in front of a value. */
  acceptAssignment(): string | undefined {
    this.#skipBlanks();
    const assignment = /([A-Za-z_][A-Za-z0-9_]*)=/y;
    assignment.lastIndex = this.#position;
    const found = assignment.exec(this.#text);
    if (found === null) return undefined;
    this.#position += found[0].length;
    return found[1];
  }

  /** The value of an assignment: nothing where a blank or operator follows. `(`: an array of bash. */
  assignedValue(): Word {
    const next = this.#text[this.#position];
    if (next === '(' && this.dialect === 'bash') return [this.#array()];
    if (next === '\\' && this.#text[this.#position + 1] === '\n') undecided('a continued assignment');
    return next === undefined || META.test(next) ? [] : this.word();
  }

  /** `name (` `)`, the head of a function. */
  acceptFunction(): string | undefined {
    this.#skipBlanks();
    const head = /([A-Za-z_][A-Za-z0-9_]*)[ \t]*\([ \t]*\)/y;
    head.lastIndex = this.#position;
    const found = head.exec(this.#text);
    if (found === null) return undefined;
    this.#position += found[0].length;
    return found[1];
  }

  acceptRedirect(): Redirect | undefined {
    this.#skipBlanks();
    const head = /([0-9]?)(<<<|<<-|<<|<&|<>|<\(|<|>>|>&|>\||>\(|>)|(&>>?)/y;
    head.lastIndex = this.#position;
    const found = head.exec(this.#text);
    if (found === null) return undefined;
    const [whole, digit = '', operator = '', both] = found;
    this.#position += whole.length;
    if (both !== undefined) return this.#bothOutputs(both);
    if (operator === '<<' || operator === '<<-') return this.#hereDocument(digit, operator);
    if (operator !== '<' && operator !== '>' && operator !== '>>' && operator !== '<&' && operator !== '>&')
      return undecided(`redirects with ${operator}`);
    return {
      descriptor: descriptor(digit === '' ? (operator.startsWith('<') ? '0' : '1') : digit),
      operator,
      target: this.#target(),
    };
  }

  word(): Word {
    this.#skipBlanks();
    const parts: WordPart[] = [];
    const start = this.#position;
    for (;;) {
      const next = this.#text[this.#position];
      if (next === undefined || META.test(next)) break;
      if (next === "'") parts.push({ kind: 'text', text: this.#singleQuoted(), quoted: true });
      else if (next === '"') append(parts, this.#doubleQuoted());
      else if (next === '$') parts.push(this.#dollar(false));
      else if (next === '`') parts.push(this.#backquoted());
      else parts.push({ kind: 'text', ...this.#literal() });
    }
    if (parts.length === 0) undecided('no word');
    // `12>file` and `{fd}>file` redirect.
    if (
      /^[<>]/.test(this.#text.slice(this.#position, this.#position + 1)) &&
      /^[0-9{]/.test(this.#text.slice(start))
    )
      undecided('redirects a file descriptor');
    return parts;
  }

  /** Skips to behind `end`, the close of `[[` or `((`; what is inside keeps its own quotes. */
  skipTo(end: ']]' | '))'): void {
    for (;;) {
      const next = this.#text[this.#position];
      if (next === undefined) undecided(`no ${end}`);
      if (this.#text.startsWith(end, this.#position)) break;
      if (next === ')' && end === '))') undecided('a subshell in a substitution');
      if (next === "'") this.#singleQuoted();
      else if (next === '"') this.#doubleQuoted();
      else if (next === '$') this.#dollar(true);
      else if (next === '`') this.#backquoted();
      else if (next === '\n' || next === '#') undecided(`${JSON.stringify(next)} before ${end}`);
      else if (next === '\\') this.#position += 2;
      else if (next === '(' && end === '))') {
        this.#position += 1;
        this.nested(() => this.#skipParenthesis());
      } else this.#position += 1;
    }
    this.#position += 2;
    const behind = this.#text[this.#position];
    if (end === ']]' && behind !== undefined && !META.test(behind)) undecided('text behind ]]');
  }

  /** No here-document waits for its text. */
  get hasNoPendingHereDocument(): boolean {
    return this.#hereDocuments.length === 0;
  }

  atArithmetic(): boolean {
    this.#skipBlanks();
    return this.#text.startsWith('((', this.#position);
  }

  #skipParenthesis(): void {
    for (;;) {
      const next = this.#text[this.#position];
      if (next === undefined || next === '\n' || next === "'" || next === '"' || next === '`')
        undecided('parentheses in an arithmetic expression');
      this.#position += 1;
      if (next === ')') return;
      if (next === '(') this.nested(() => this.#skipParenthesis());
    }
  }

  #bothOutputs(operator: string): Redirect {
    if (operator !== '&>') undecided(`redirects with ${operator}`);
    return { descriptor: undefined, operator: '>', target: this.#target() };
  }

  #target(): Word {
    this.#skipBlanks();
    return this.word();
  }

  #skipBlanks(): void {
    for (;;) {
      const next = this.#text[this.#position];
      if (next === ' ' || next === '\t') this.#position += 1;
      else if (next === '\\' && this.#text[this.#position + 1] === '\n') this.#position += 2;
      else if (next === '#' && this.#isWordStart()) {
        const end = this.#text.indexOf('\n', this.#position);
        this.#position = end < 0 ? this.#text.length : end;
      } else return;
    }
  }

  #isWordStart(): boolean {
    const before = this.#text[this.#position - 1];
    return before === undefined || META.test(before);
  }

  /** Unquoted characters up to the next special one. */
  #literal(): { text: string; quoted: boolean } {
    if (this.#text[this.#position] === '\\') {
      const escaped = this.#text[this.#position + 1];
      if (escaped === undefined) undecided('a backslash at the end');
      this.#position += 2;
      return escaped === '\n' ? { text: '', quoted: false } : { text: escaped, quoted: true };
    }
    const run = /[^\s;&|<>()'"$`\\]+/y;
    run.lastIndex = this.#position;
    const text = run.exec(this.#text)?.[0] ?? undecided('no word');
    if (text.includes('~')) undecided('a home directory');
    this.#position += text.length;
    return { text, quoted: false };
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#position + 1);
    if (end < 0) undecided('a quote without end');
    const text = this.#text.slice(this.#position + 1, end);
    this.#position = end + 1;
    return text;
  }

  #doubleQuoted(): WordPart[] {
    this.#position += 1;
    const parts: WordPart[] = [{ kind: 'text', text: '', quoted: true }];
    for (;;) {
      const next = this.#text[this.#position];
      if (next === undefined) undecided('a quote without end');
      if (next === '"') {
        this.#position += 1;
        return parts;
      }
      parts.push(this.#quotedPart(next, '"'));
    }
  }

  /** Inside double quotes and here-documents, where `quote` need not be escaped when it is ''. */
  #quotedPart(next: string, quote: string): WordPart {
    if (next === '$') return this.#dollar(true);
    if (next === '`') return this.#backquoted();
    if (next === '\\') {
      const escaped = this.#text[this.#position + 1] ?? undecided('a backslash at the end');
      this.#position += 2;
      if (escaped === '\n') return { kind: 'text', text: '', quoted: true };
      const special = '$`\\'.includes(escaped) || escaped === quote;
      return { kind: 'text', text: special ? escaped : `\\${escaped}`, quoted: true };
    }
    const run = quote === '"' ? /[^"$`\\]+/y : /[^$`\\]+/y;
    run.lastIndex = this.#position;
    const text = run.exec(this.#text)?.[0] ?? undecided('no text');
    this.#position += text.length;
    return { kind: 'text', text, quoted: true };
  }

  #dollar(quoted: boolean): WordPart {
    this.#position += 1;
    const next = this.#text[this.#position] ?? '';
    if (this.#text.startsWith('((', this.#position)) {
      this.#position += 2;
      this.nested(() => this.skipTo('))'));
      return { kind: 'opaque', what: 'arithmetic' };
    }
    if (next === '(') {
      this.#position += 1;
      if (!this.hasNoPendingHereDocument) undecided('a substitution before the text of a here-document');
      const body = this.nested(() => this.#parse(this));
      if (!this.accept(')') || !this.hasNoPendingHereDocument) undecided('a substitution without end');
      return { kind: 'substitution', body, quoted };
    }
    if (next === '{') return this.nested(() => this.#braced(quoted));
    NAME.lastIndex = this.#position;
    const name = NAME.exec(this.#text)?.[0] ?? (/[0-9@*#?$!-]/.test(next) ? next : '');
    this.#position += name.length;
    if (name === '') {
      if (next === "'" || next === '"') undecided("the quotes of $'…'");
      return { kind: 'text', text: '$', quoted };
    }
    return { kind: 'parameter', name, operator: '', operand: [], quoted };
  }

  #braced(quoted: boolean): WordPart {
    const head = /\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?])(:-|-|##|#|%%|%)?/y;
    head.lastIndex = this.#position;
    const found = head.exec(this.#text);
    const name = found?.[1] ?? '';
    const operator = (found?.[2] ?? '') as '' | '-' | ':-' | '#' | '##' | '%' | '%%';
    const after = this.#position + (found?.[0].length ?? 0);
    if (found === null || (operator === '' && this.#text[after] !== '}')) return this.#opaqueBraced();
    this.#position = after;
    const operand: WordPart[] = [];
    for (;;) {
      const next = this.#text[this.#position];
      if (next === undefined || next === '\n') undecided('a parameter without end');
      if (next === '}') break;
      if (quoted && (next === "'" || next === '"')) undecided('a quote in a quoted parameter');
      if (next === "'") operand.push({ kind: 'text', text: this.#singleQuoted(), quoted: true });
      else if (next === '"') append(operand, this.#doubleQuoted());
      else if (next === '$') operand.push(this.#dollar(quoted));
      else if (next === '`' || next === '\\') undecided(`${next} in a parameter`);
      else {
        const run = /[^}'"$`\\\n]+/y;
        run.lastIndex = this.#position;
        const text = run.exec(this.#text)?.[0] ?? undecided('no text');
        this.#position += text.length;
        operand.push({ kind: 'text', text, quoted: false });
      }
    }
    this.#position += 1;
    return { kind: 'parameter', name, operator, operand, quoted };
  }

  /** `${a[@]}`, `${a//x/y}`: ends at the brace, when nothing in it could hide another. */
  #opaqueBraced(): WordPart {
    const whole = /\{[^{}'"`$\\\n]*\}/y;
    whole.lastIndex = this.#position;
    const found = whole.exec(this.#text) ?? undecided('a parameter expansion of unknown form');
    this.#position += found[0].length;
    return { kind: 'opaque', what: `$${found[0]}` };
  }

  #backquoted(): WordPart {
    const whole = /`(?:[^`\\]|\\.)*`/sy;
    whole.lastIndex = this.#position;
    const found = whole.exec(this.#text) ?? undecided('a backquote without end');
    this.#position += found[0].length;
    return { kind: 'opaque', what: 'backquotes' };
  }

  #array(): WordPart {
    this.#position += 1;
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

  #hereDocument(digit: string, operator: '<<' | '<<-'): Redirect {
    const parts = this.#target();
    let delimiter = '';
    for (const part of parts) {
      if (part.kind !== 'text') undecided('an expansion in a delimiter');
      delimiter += part.text;
    }
    if (delimiter === '' || delimiter.includes('\n')) undecided('a delimiter of unknown form');
    const target: WordPart[] = [];
    this.#hereDocuments.push({
      delimiter,
      quoted: parts.some((part) => part.kind === 'text' && part.quoted),
      tabs: operator === '<<-',
      fill: (text) => append(target, text),
    });
    return { descriptor: descriptor(digit === '' ? '0' : digit), operator: '<<', target };
  }

  #readHereDocuments(): void {
    for (const { delimiter, quoted, tabs, fill } of this.#hereDocuments.splice(0)) {
      const lines: string[] = [];
      for (;;) {
        if (this.#position >= this.#text.length) undecided(`no ${delimiter}`);
        const end = this.#text.indexOf('\n', this.#position);
        const stop = end < 0 ? this.#text.length : end;
        const line = this.#text.slice(this.#position, stop);
        this.#position = end < 0 ? stop : stop + 1;
        const bare = tabs ? line.replace(/^\t+/, '') : line;
        if (bare === delimiter) break;
        if (!quoted && line.endsWith('\\')) undecided('a continued line in a here-document');
        lines.push(`${bare}\n`);
      }
      fill(
        quoted ? [{ kind: 'text', text: lines.join(''), quoted: true }] : this.#expandable(lines.join('')),
      );
    }
  }

  #expandable(text: string): Word {
    const lexer = new ShellLexer(text, this.dialect, this.#parse);
    lexer.#depth = this.#depth + 1;
    const parts: WordPart[] = [];
    for (;;) {
      const next = text[lexer.#position];
      if (next === undefined) return parts;
      parts.push(lexer.#quotedPart(next, ''));
    }
  }
}

function descriptor(digit: string): 0 | 1 | 2 {
  if (digit !== '0' && digit !== '1' && digit !== '2') undecided(`file descriptor ${digit}`);
  return Number(digit) as 0 | 1 | 2;
}
