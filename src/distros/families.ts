import { AppError } from '../model/app-error.ts';
import type { DistroId } from '../model/package.ts';
import { alpineFamily } from './alpine/family.ts';
import { archFamily } from './arch/family.ts';
import type { Distro } from './distro.ts';
import type { Family } from './family.ts';

/** All package families, the default first. A new family is a folder and a line here. */
const FAMILIES: Family[] = [alpineFamily, archFamily];

/** Returns all package families, the default first. */
export function families(): readonly [Family, ...Family[]] {
  return FAMILIES as [Family, ...Family[]];
}

/**
 * Adds a family that is not part of the product until the process ends: for tests, and for programs with their own package
 * format.
 * @returns a function that removes it again
 * @throws Error when there already is a family with that id
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

/** Returns the family with an id; undefined if there is none. */
export function findFamily(id: string): Family | undefined {
  return FAMILIES.find((family) => family.id === id);
}

/**
 * Returns the family with an id.
 * @throws AppError USAGE, with the ids of all families, when there is none
 */
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

/** Returns the family whose archives have names like that file's; undefined if there is none. */
export function familyOfFile(fileName: string): Family | undefined {
  return FAMILIES.find(({ archiveNames }) =>
    archiveNames.suffixes.some((suffix) => fileName.endsWith(suffix)),
  );
}

/** Loads a family's code. @throws AppError USAGE when there is no family with that id */
export function distroOf(id: DistroId): Promise<Distro> {
  return familyOf(id).load();
}

/** Loads the code of every family. */
export function allDistros(): Promise<readonly Distro[]> {
  return Promise.all(FAMILIES.map((family) => family.load()));
}
