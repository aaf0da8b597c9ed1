import type { IndexPackage } from '../../src/model/package.ts';
import { indexPackage } from './fixtures.ts';

/** Each provides `cmd:LABEL` and is described by the label. */
export function manyPackages(count: number, label: string): readonly IndexPackage[] {
  return Array.from({ length: count }, (_, at) =>
    indexPackage(`${label}${at}`, { description: label, provides: [`cmd:${label}=1`] }),
  );
}
