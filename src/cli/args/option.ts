import { type ComposeSettings, SETTINGS } from '../../app/settings/settings.ts';

/** Heading that an option stands under in the help of a command. */
export type OptionGroup =
  | 'Packages'
  | 'Image'
  | 'Output'
  | 'Registry'
  | 'Server'
  | 'Cache'
  | 'Query'
  | 'General';

/** Description of an option in help, completion, the manual page and docs/cli.md. */
export interface OptionText {
  readonly group: OptionGroup;
  readonly describe: string;
  readonly short?: string;
  readonly placeholder?: string;
  readonly choices?: readonly string[];
  /** Values that completion suggests where any other is accepted too, unlike with `choices` */
  readonly suggestions?: readonly string[];
  readonly defaultText?: string;
  readonly repeatable?: boolean;
  /** Shown in the overview of `compose help` */
  readonly common?: true;
}

/** Option of a command: its description, its syntax, and the function that checks its values. */
export interface Option<Value = unknown> extends OptionText {
  /** `none`: a switch; `one`: a value is required; `optional`: `--load` or `--load=docker` */
  readonly takes: 'none' | 'one' | 'optional';
  /** Value that `--load` alone stands for */
  readonly withoutValue?: string;
  /** The value is a part of ComposeSettings, which recipes can set too */
  readonly isSetting?: true;
  /** Parses the values as typed, in order; the list is empty if the option is absent. @throws AppError USAGE */
  read(texts: readonly string[], where: string): Value;
}

/** Options by their long names without dashes. */
export type Options = Readonly<Record<string, Option>>;

/** Values that `run()` of a command receives for its options. */
export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer Value> ? Value : never;
};

type Read<Value> = (texts: readonly string[], where: string) => Value;

/** Declares a switch: true if it is given. */
export function toggle(text: OptionText): Option<boolean> {
  return { ...text, takes: 'none', read: (texts) => texts.length > 0 };
}

/** Declares an option with a value, which is `fallback`, or undefined, if the option is absent. */
export function valued<Value>(text: OptionText, read: Read<Value>): Option<Value | undefined>;
export function valued<Value, const Fallback>(
  text: OptionText,
  read: Read<Value>,
  fallback: Fallback,
): Option<Value | Fallback>;
export function valued<Value, Fallback>(
  text: OptionText,
  read: Read<Value>,
  fallback?: Fallback,
): Option<Value | Fallback | undefined> {
  return {
    ...text,
    takes: 'one',
    read: (texts, where) => (texts.length === 0 ? fallback : read(texts, where)),
  };
}

/** Makes the value of an option optional: `--load` means `--load=auto`. */
export function withoutValue<Value>(value: string, option: Option<Value>): Option<Value> {
  return { ...option, takes: 'optional', withoutValue: value };
}

/** Declares an option whose value is a part of ComposeSettings. */
export function setting(
  text: OptionText,
  read: Read<ComposeSettings>,
): Option<ComposeSettings | undefined> & { readonly isSetting: true } {
  return { ...valued(text, read), isSetting: true };
}

/**
 * Declares options that recipes have too, by their flags: what they accept, whether they are switches and whether they may be
 * repeated comes from SETTINGS in app/settings/settings.ts.
 */
export function recipeSettings<const Texts extends Readonly<Record<string, OptionText>>>(
  texts: Texts,
): { readonly [Flag in keyof Texts]: Option<ComposeSettings | undefined> } {
  const entries = Object.entries(texts).map(([flag, text]) => {
    const found = SETTINGS.find((candidate) => candidate.flag === flag);
    if (found === undefined) throw new Error(`no setting has the flag ${flag}`);
    const option = setting(text, found.parse);
    if (found.shape === 'switch') return [flag, { ...option, takes: 'none' }] as const;
    const repeatable = found.shape === 'list' || found.shape === 'pairs';
    return [flag, { ...option, repeatable }] as const;
  });
  return Object.fromEntries(entries) as { [Flag in keyof Texts]: Option<ComposeSettings | undefined> };
}

/** An option and its long name. */
export interface FoundOption {
  readonly name: string;
  readonly option: Option;
}

/** Finds an option by its long or short name without dashes. */
export function findOption(options: Options, key: string): FoundOption | undefined {
  const found = Object.entries(options).find(([name, { short }]) => name === key || short === key);
  return found === undefined ? undefined : { name: found[0], option: found[1] };
}
