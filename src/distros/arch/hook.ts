/** A `[Trigger]` section of a hook (alpm-hooks(5)). */
export interface HookTrigger {
  readonly operations: ReadonlySet<string>;
  readonly type: 'Package' | 'Path';
  /** Globs; one with `!` in front excludes; the last match decides */
  readonly targets: readonly string[];
}

/** A hook (alpm-hooks(5)). */
export interface Hook {
  /** File name with `.hook` */
  readonly name: string;
  readonly triggers: readonly HookTrigger[];
  readonly description: string;
  readonly when: 'PreTransaction' | 'PostTransaction';
  /** Words of `Exec` */
  readonly command: readonly string[];
  readonly depends: readonly string[];
  readonly needsTargets: boolean;
  readonly abortOnFail: boolean;
}

/**
 * Result of reading a hook. `problems`: lines that pacman prints; `hook` is undefined if one is an error, since pacman then does
 * not run it.
 */
export interface ParsedHook {
  readonly hook: Hook | undefined;
  readonly problems: readonly string[];
}

interface Draft {
  triggers: { operations: Set<string>; type: 'Package' | 'Path' | undefined; targets: string[] }[];
  description: string;
  when: Hook['when'] | undefined;
  command: string[] | undefined;
  depends: string[];
  needsTargets: boolean;
  abortOnFail: boolean;
}

/**
 * Parses a hook as libalpm 13 does: the first bad line makes the whole hook void.
 * @param path for messages
 */
export function parseHook(text: string, path: string): ParsedHook {
  const draft: Draft = {
    triggers: [],
    description: '',
    when: undefined,
    command: undefined,
    depends: [],
    needsTargets: false,
    abortOnFail: false,
  };
  const problems: string[] = [];
  let section = '';
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const content = trim(raw);
    if (content === '' || content.startsWith('#')) continue;
    const opened = /^\[(.*)\]$/.exec(content)?.[1];
    section = opened ?? section;
    const option = optionOf(content);
    if (opened === undefined && isSet(draft, section, option.key))
      problems.push(`warning: hook ${path} line ${line}: overwriting previous definition of ${option.key}`);
    const problem = opened === undefined ? setOption(draft, section, option) : openSection(draft, section);
    if (problem !== undefined) {
      problems.push(`error: hook ${path} line ${line}: ${problem}`);
      return { hook: undefined, problems };
    }
  }
  if (draft.triggers.length === 0) return { hook: undefined, problems };
  return finish(draft, path, problems);
}

/** Trims the white space of isspace(3), which is less than JavaScript's trim removes. */
function trim(text: string): string {
  return text.replace(/^[ \t\v\f\r]+/, '').replace(/[ \t\v\f\r]+$/, '');
}

function openSection(draft: Draft, section: string): string | undefined {
  if (section === 'Trigger') draft.triggers.push({ operations: new Set(), type: undefined, targets: [] });
  else if (section !== 'Action') return `invalid section ${section}`;
  return undefined;
}

interface Option {
  readonly key: string;
  readonly value: string;
}

function optionOf(content: string): Option {
  const equals = content.indexOf('=');
  if (equals < 0) return { key: content, value: '' };
  return { key: trim(content.slice(0, equals)), value: trim(content.slice(equals + 1)) };
}

/** Returns whether an option with a single value has been set already. */
function isSet({ triggers, when, description, command }: Draft, section: string, key: string): boolean {
  if (section === 'Trigger') return key === 'Type' && triggers.at(-1)?.type !== undefined;
  if (section !== 'Action') return false;
  if (key === 'When') return when !== undefined;
  if (key === 'Description') return description !== '';
  return key === 'Exec' && command !== undefined;
}

function setOption(draft: Draft, section: string, { key, value }: Option): string | undefined {
  if (section === 'Trigger') return setTrigger(draft, key, value);
  if (section === 'Action') return setAction(draft, key, value);
  return `invalid option ${key}`;
}

function setTrigger(draft: Draft, key: string, value: string): string | undefined {
  const trigger = draft.triggers.at(-1);
  if (trigger === undefined) return `invalid option ${key}`;
  if (key === 'Operation') {
    if (!['Install', 'Upgrade', 'Remove'].includes(value)) return `invalid value ${value}`;
    trigger.operations.add(value);
  } else if (key === 'Type') {
    // `File` is the older word for `Path`.
    if (value === 'Package') trigger.type = 'Package';
    else if (value === 'Path' || value === 'File') trigger.type = 'Path';
    else return `invalid value ${value}`;
  } else if (key === 'Target') trigger.targets.push(value);
  else return `invalid option ${key}`;
  return undefined;
}

function setAction(draft: Draft, key: string, value: string): string | undefined {
  switch (key) {
    case 'When':
      if (value !== 'PreTransaction' && value !== 'PostTransaction') return `invalid value ${value}`;
      draft.when = value;
      return undefined;
    case 'Description':
      draft.description = value;
      return undefined;
    case 'Depends':
      draft.depends.push(value);
      return undefined;
    case 'AbortOnFail':
      draft.abortOnFail = true;
      return undefined;
    case 'NeedsTargets':
      draft.needsTargets = true;
      return undefined;
    case 'Exec':
      draft.command = splitWords(value);
      return draft.command === undefined ? `invalid value ${value}` : undefined;
    default:
      return `invalid option ${key}`;
  }
}

function finish(draft: Draft, path: string, problems: string[]): ParsedHook {
  const missing = (what: string): void => {
    problems.push(`error: Missing ${what} in hook: ${path}`);
  };
  const errors = problems.length;
  const triggers: HookTrigger[] = [];
  for (const { operations, type, targets } of draft.triggers) {
    if (targets.length === 0) missing('trigger targets');
    if (type === undefined) missing('trigger type');
    else triggers.push({ operations, type, targets });
    if (operations.size === 0) missing('trigger operation');
  }
  const { command = [], when, description, depends, needsTargets, abortOnFail } = draft;
  if (command.length === 0) missing('Exec option');
  if (when === undefined) missing('When option');
  if (when === undefined || problems.length > errors) return { hook: undefined, problems };
  if (abortOnFail && when === 'PostTransaction')
    problems.push(`warning: AbortOnFail set for PostTransaction hook: ${path}`);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    hook: { name, triggers, description, when, command, depends, needsTargets, abortOnFail },
    problems,
  };
}

/**
 * Splits a command into words as libalpm's wordsplit does: quotes group, and a backslash escapes only quotes; undefined if a
 * quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let position = 0;
  for (;;) {
    while (isSpace(text.charAt(position))) position += 1;
    if (position >= text.length) return words;
    let word = '';
    while (position < text.length && !isSpace(text.charAt(position))) {
      const character = text.charAt(position);
      if (character === "'" || character === '"') {
        position += 1;
        while (position < text.length && text[position] !== character) {
          if (text[position] === '\\' && text[position + 1] === character) position += 1;
          word += text.charAt(position);
          position += 1;
        }
        if (position >= text.length) return undefined;
      } else {
        if (character === '\\' && (text[position + 1] === "'" || text[position + 1] === '"')) position += 1;
        word += text.charAt(position);
      }
      position += 1;
    }
    words.push(word);
  }
}

function isSpace(character: string): boolean {
  return character !== '' && ' \t\n\v\f\r'.includes(character);
}
