import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enforceSigLevel, parseSigLevel, type SigLevelPart } from '../../../src/distros/arch/sig-level.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import type { OpenPgpVerdict } from '../../../src/trust/openpgp-verdict.ts';

/** words → package check, package trust, database check, database trust */
const LEVELS: readonly (readonly [words: string, expected: string])[] = [
  ['', 'required trusted-only optional trusted-only'],
  ['Required DatabaseOptional', 'required trusted-only optional trusted-only'],
  ['Never', 'never trusted-only never trusted-only'],
  ['Optional TrustAll', 'optional trust-all optional trust-all'],
  ['Required', 'required trusted-only required trusted-only'],
  ['PackageNever DatabaseRequired', 'never trusted-only required trusted-only'],
  ['DatabaseTrustAll', 'required trusted-only optional trust-all'],
  ['PackageOptional  PackageTrustAll\tDatabaseNever', 'optional trust-all never trusted-only'],
  ['TrustAll TrustedOnly Never Required', 'required trusted-only required trusted-only'],
  ['Required,DatabaseOptional', 'required trusted-only optional trusted-only'],
];

for (const [words, expected] of LEVELS) {
  test(`SigLevel "${words}"`, () => {
    const level = parseSigLevel(words);
    const got = [level.package.check, level.package.trust, level.database.check, level.database.trust];
    assert.equal(got.join(' '), expected);
  });
}

test('words that pacman does not know are refused', () => {
  for (const words of ['required', 'Sometimes', 'PackageDatabaseNever', 'Required Trusted', 'toString']) {
    assert.throws(
      () => parseSigLevel(words),
      (error) => isAppError(error, 'USAGE'),
      words,
    );
  }
});

const FINGERPRINT = '8218F88849AAC522E94CF470A5E9288C4FA415FA';

/** What libalpm does: ok with the key, ok unsigned (-), or the error code. Columns: check × trust. */
const DECISIONS: Readonly<Record<OpenPgpVerdict['status'], readonly string[]>> = {
  //               never, optional trusted-only, optional trust-all, required trusted-only, required trust-all
  valid: ['key', 'key', 'key', 'key', 'key'],
  unsigned: ['-', '-', '-', 'SIGNATURE', 'SIGNATURE'],
  'bad-signature': ['-', 'SIGNATURE', 'SIGNATURE', 'SIGNATURE', 'SIGNATURE'],
  'unknown-key': ['-', 'UNTRUSTED_KEY', 'UNTRUSTED_KEY', 'UNTRUSTED_KEY', 'UNTRUSTED_KEY'],
  'revoked-key': ['-', 'UNTRUSTED_KEY', 'UNTRUSTED_KEY', 'UNTRUSTED_KEY', 'UNTRUSTED_KEY'],
  'expired-key': ['-', 'UNTRUSTED_KEY', 'key', 'UNTRUSTED_KEY', 'key'],
  untrusted: ['-', 'UNTRUSTED_KEY', 'key', 'UNTRUSTED_KEY', 'key'],
};

const PARTS: readonly SigLevelPart[] = [
  { check: 'never', trust: 'trusted-only' },
  { check: 'optional', trust: 'trusted-only' },
  { check: 'optional', trust: 'trust-all' },
  { check: 'required', trust: 'trusted-only' },
  { check: 'required', trust: 'trust-all' },
];

for (const [status, row] of Object.entries(DECISIONS)) {
  test(`${status} under every SigLevel`, () => {
    const verdict = {
      status,
      fingerprint: FINGERPRINT,
      signer: 'A <a@b>',
      message: 'because',
    } as OpenPgpVerdict;
    for (const [index, part] of PARTS.entries()) {
      let got: string;
      try {
        got = enforceSigLevel(part, verdict, 'file.pkg.tar.zst') === FINGERPRINT ? 'key' : '-';
      } catch (error) {
        assert.ok(isAppError(error));
        assert.match(error.message, /^file\.pkg\.tar\.zst (is|has) .*: because$/);
        assert.match(error.hint ?? '', /--keyring(-append)? DIR/);
        assert.match(error.hint ?? '', /--allow-untrusted/);
        got = error.code;
      }
      assert.equal(got, row[index], JSON.stringify(part));
    }
  });
}
