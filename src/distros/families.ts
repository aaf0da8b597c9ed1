import { AppError } from '../model/app-error.ts';
import type { DistroId } from '../model/package.ts';
import { alpineFamily } from './alpine/family.ts';
import { archFamily } from './arch/family.ts';
import type { Distro } from './distro.ts';
import type { Family } from './family.ts';

/** Every package family, the default first: a family is its folder and its line here. */
const FAMILIES: Family[] = [alpineFamily, archFamily];

/** Returns every package family, the default first. */
export function families(): readonly [Family, ...Family[]] {
  return FAMILIES as [Family, ...Family[]];
}

/**
 * Adds a family that is not part of the product, for as long as the process runs: for tests, and for programs that bring their
 * own package format.
 * @returns a function that removes it again
 * @throws Error when there is a family of that id
 */
export function addFamily(family: Family): () => void {
  if (FAMILIES.some(({ id }) => id === family.id))
    throw new Error(`two package families called ${family.id}`);
  FAMILIES.push(family);
  return () => {
    FAMILIES.splice(FAMILIES.indexOf(family), 1);
  };
}

/** Returns the ids of all families, the default first. */
export function familyIds(): readonly DistroId[] {
  return FAMILIES.map(({ id }) => id);
}

/** Returns the family of that id; undefined when there is none. */
export function findFamily(id: string): Family | undefined {
  return FAMILIES.find((family) => family.id === id);
}

/** @throws AppError USAGE that lists the families when there is none of that id */
export function familyOf(id: DistroId): Family {
  const family = findFamily(id);
  if (family !== undefined) return family;
  const expected = familyIds();
  throw new AppError(
    'USAGE',
    `no such distribution: expected ${expected.join(' or ')}, got ${JSON.stringify(id)}`,
    {
      details: { expected, got: id },
    },
  );
}

/** Returns the family whose archives are called like that file; undefined when none are. */
export function familyOfFile(fileName: string): Family | undefined {
  return FAMILIES.find(({ archiveNames }) =>
    archiveNames.suffixes.some((suffix) => fileName.endsWith(suffix)),
  );
}

/** Loads one family's code. @throws AppError as familyOf */
export function distroOf(id: DistroId): Promise<Distro> {
  return familyOf(id).load();
}

/** Loads the code of every family. */
export function allDistros(): Promise<readonly Distro[]> {
  return Promise.all(FAMILIES.map((family) => family.load()));
}
