import fc from 'fast-check';
import type { Description, MemoryRepository } from '../memory-source.ts';

export const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const VIRTUALS = ['v', 'w', 'so:x'];
export const NEWEST = 3;
const version = fc.integer({ min: 1, max: NEWEST }).map(String);

/** Versions are single digits, so that a checker can compare them without the code under test. */
function relation(names: readonly string[], operators: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...operators), version)
    .map(([name, operator, wanted]) => (operator === '' ? name : name + operator + wanted));
}

const requirement = relation(
  [...NAMES, ...VIRTUALS],
  ['', '', '', '', '', '', '=', '<', '>', '<=', '>=', '~'],
);
const conflict = requirement.map((text) => `!${text}`);
const some = <T>(weight: number, values: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 10, arbitrary: fc.constant<T[]>([]) }, { weight, arbitrary: values });

const onePackage: fc.Arbitrary<Description> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    version,
    needs: fc.array(requirement, { maxLength: 2 }),
    conflicts: some(2, fc.array(conflict, { minLength: 1, maxLength: 1 })),
    provides: some(8, fc.array(relation(VIRTUALS, ['', '=', '=']), { minLength: 1, maxLength: 2 })),
    providerPriority: fc.constantFrom(0, 0, 0, 1, 2),
    installIf: some(
      2,
      fc.array(fc.oneof({ weight: 4, arbitrary: requirement }, { weight: 1, arbitrary: conflict }), {
        minLength: 1,
        maxLength: 2,
      }),
    ),
  })
  .map(({ needs, conflicts, ...one }) => ({ ...one, depends: [...needs, ...conflicts] }));

const packages = (maxLength: number): fc.Arbitrary<Description[]> => fc.array(onePackage, { maxLength });

/** An untagged repository and one that is tagged or not. */
export const repositories: fc.Arbitrary<MemoryRepository[]> = fc
  .tuple(packages(10), packages(5), fc.constantFrom('', 'edge'))
  .map(([main, more, tag]) => [
    { name: 'main', tag: '', packages: main },
    { name: 'more', tag, packages: more },
  ]);

/** Words of a request; `@edge` where a repository has the tag. */
export function targetsFor(from: readonly MemoryRepository[]): fc.Arbitrary<string[]> {
  const word = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 2, arbitrary: requirement },
    { weight: 1, arbitrary: conflict },
  );
  const tagged = from.some(({ tag }) => tag === 'edge');
  const asked = fc
    .tuple(word, fc.integer({ max: 4, min: 0 }))
    .map(([text, dice]) => (tagged && dice === 0 ? text.replace(/^(!?[a-z:]+)/, '$1@edge') : text));
  return fc.array(asked, { minLength: 1, maxLength: 3 });
}

export const requests = repositories.chain((from) => fc.tuple(fc.constant(from), targetsFor(from)));
