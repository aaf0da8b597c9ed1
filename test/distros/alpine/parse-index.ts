import { IndexTextParser } from '../../../src/distros/alpine/index-text.ts';
import type { IndexPackage } from '../../../src/model/package.ts';

/** Parses the whole text of an APKINDEX, or all of it in pieces of so many bytes. */
export function parseIndexText(text: string, where: string, pieceBytes = Infinity): IndexPackage[] {
  const parser = new IndexTextParser(where);
  const bytes = Buffer.from(text);
  const packages: IndexPackage[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    packages.push(...parser.write(bytes.subarray(at, at + pieceBytes)));
  }
  packages.push(...parser.end());
  return packages;
}
