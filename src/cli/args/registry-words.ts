import { refuse } from '../../app/settings/setting-values.ts';
import { AppError } from '../../model/app-error.ts';
import { familiarName, parseReference, parseRepository } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import type { Words } from './command-line.ts';

/** How the registries of a command are reached. @throws AppError USAGE */
export function accessFromWords({ options }: Words): RegistryAccess {
  const file = (name: string): string => {
    const got = options.get(name)?.at(-1);
    if (got === '') refuse({ where: `--${name}`, expected: 'a file', got });
    return got ?? '';
  };
  return { insecure: options.has('insecure'), ca: file('ca'), cert: file('cert'), key: file('key') };
}

/** A name with its tag, `latest` when it has none. @throws AppError USAGE for what is none, or has a digest */
export function pushName(got: string): string {
  const reference = parseReference(got);
  if (reference.digest === undefined) return familiarName(reference);
  return refuse({ where: '--push', expected: 'a name without a digest, which is not known before', got });
}

/** The package store, where one is named. @throws AppError USAGE */
export function storeFromWords({ options }: Words): { readonly store?: string } {
  const store = options.get('store')?.at(-1);
  if (store === undefined) return {};
  parseRepository(store);
  return { store };
}

/** @throws AppError USAGE unless there are just these arguments */
export function namedArguments<Name extends string>(
  { args }: Words,
  command: string,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  if (args.length === names.length) {
    return Object.fromEntries(names.map((name, at) => [name, args[at]])) as Record<Name, string>;
  }
  const got = args.length === 0 ? 'none' : JSON.stringify(args.join(' '));
  throw new AppError('USAGE', `compose ${command}: expected ${names.join(' and ')}, got ${got}`, {
    hint: `compose ${command} --help shows the usage`,
    details: { expected: names, got: args },
  });
}
