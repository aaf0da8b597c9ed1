import { sniff } from '../../archive/sniff.ts';
import { AppError } from '../../model/app-error.ts';
import type { IndexPackage } from '../../model/package.ts';
import type { RepositoryIndex } from '../../model/repository.ts';
import type { IndexInput } from '../inputs.ts';
import { unreadable } from '../shared/unreadable.ts';
import { enforceApkVerdict, verifyApkSignatures } from './apk-signatures.ts';
import type { ApkTrust } from './apk-trust.ts';
import { IndexMembers } from './index-members.ts';
import { IndexTextParser } from './index-text.ts';

const NO_KEYRING = { keys: new Map() };

/**
 * Reads and verifies an `APKINDEX.tar.gz`: gzip members with nothing but `.SIGN.*` entries, then the signed part with DESCRIPTION
 * and APKINDEX. Nothing of the signed part is parsed before its signature is verified. Source: apk-tools, apkindex "v2" and
 * abuild-sign.
 * @throws AppError BAD_INDEX, SIGNATURE, UNTRUSTED_KEY, UNSUPPORTED, LIMIT
 */
export async function readIndex(input: IndexInput): Promise<RepositoryIndex> {
  const { bytes, where } = input;
  requireGzip(bytes, where);
  const members = new IndexMembers(bytes, where);
  await members.readSignatures();
  return {
    signedBy: await verify(members, input),
    packages: packagesOf(members, where),
    description: () => (members.contents.get('DESCRIPTION')?.toString('utf8') ?? '').trim(),
  };
}

/** Returns the name of the key that signed the index. */
async function verify(members: IndexMembers, { bytes, where, ...input }: IndexInput): Promise<string> {
  const policy: ApkTrust = input.policy;
  if (policy.allowUntrusted && members.signatures.length === 0) return '';
  const keyring = policy.apk ?? NO_KEYRING;
  const verdict = verifyApkSignatures(keyring, members.signatures, bytes.subarray(members.signedFrom));
  if (verdict.ok) return verdict.signedBy;
  if (policy.allowUntrusted) return '';
  // A damaged index is no forged one: what is wrong with its form comes first.
  for await (const _ of members.readText());
  return enforceApkVerdict(verdict, keyring, where);
}

async function* packagesOf(members: IndexMembers, where: string): AsyncGenerator<readonly IndexPackage[]> {
  const parser = new IndexTextParser(where);
  for await (const piece of members.readText()) yield parser.write(piece);
  yield parser.end();
}

function requireGzip(bytes: Uint8Array, where: string): void {
  const magic = sniff(bytes.subarray(0, 1024));
  if (magic === 'gzip') return;
  if (magic === 'apk3') {
    throw new AppError(
      'UNSUPPORTED',
      `${where}: an index in apk 3's ADB format, which is not supported yet`,
      {
        hint: 'Use the repository’s APKINDEX.tar.gz.',
      },
    );
  }
  throw unreadable(magic, bytes.subarray(0, 1024), {
    where,
    what: 'a gzip APKINDEX.tar.gz',
    code: 'BAD_INDEX',
    repack: 'Create it again with apk index: an APKINDEX is gzip.',
    hint: 'Check the URL: a mirror or proxy may have answered with a web page instead of the index.',
  });
}
