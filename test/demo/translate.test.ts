import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergedPath, mergeUsr } from './deb-files.ts';
import { parseStanzas } from './debian.ts';
import { apkVersion, archVersion, translateDepends, translateProvides } from './translate.ts';

const TABLE = [
  ['12.2.0-3', '12.2.0-r3', '12.2.0-3'],
  ['4:12.2.0-3', '12.2.0_p4-r3', '4:12.2.0-3'],
  ['2.36-9+deb12u14', '2.36_p12_p14-r9', '2.36-9.12.14'],
  ['1:1.2.13.dfsg-1', '1.2.13_p1-r1', '1:1.2.13-1'],
  ['1.5.4+dfsg2-5', '1.5.4_p2-r5', '1.5.4+2-5'],
  ['3.0.22-1~deb12u2', '3.0.22_p12_p2-r1', '3.0.22-1.12.2'],
  ['20230311', '20230311-r0', '20230311-0'],
] as const;

test('Debian versions become versions that apk and pacman take', () => {
  for (const [debian, apk, arch] of TABLE) {
    assert.equal(apkVersion(debian), apk);
    assert.equal(archVersion(debian), arch);
  }
  const text = fc.stringMatching(/^(\d:)?\d[A-Za-z0-9.+~]{0,12}(-[A-Za-z0-9.+~]{1,8})?$/);
  fc.assert(
    fc.property(text, (version) => {
      assert.match(apkVersion(version), /^\d+(\.\d+)*(_p\d+)*-r\d+$/);
      assert.match(archVersion(version), /^(\d+:)?[\d.+]+-\d+(\.\d+)*$/);
    }),
  );
});

const STANZAS = `Package: a
Version: 1:2-3
Architecture: amd64
Depends: b (= 1-1) | c, missing | d:any (>= 2), gone
Provides: virtual (= 5-1), other
Description: the a package
 more words
Filename: pool/main/a/a_2-3_amd64.deb
SHA256: 00

Package: b
Version: 1-1

Package: d
Version: 9-1
`;

test('relations are those of packages that the mirror has', () => {
  const stanzas = parseStanzas(STANZAS);
  const available = new Map(stanzas.map((one) => [one.name, one]));
  assert.deepEqual(translateDepends(stanzas[0]!, available, apkVersion), ['b=1-r1', 'd']);
  assert.deepEqual(translateProvides(stanzas[0]!, archVersion), ['virtual=5-1', 'other']);
  assert.equal(stanzas[0]?.description, 'the a package');
});

test("Arch's files lie in one /usr/bin and one /usr/lib, parents first", () => {
  assert.equal(mergedPath('lib64/ld.so'), 'usr/lib/ld.so');
  assert.equal(mergedPath('usr/sbin/x'), 'usr/bin/x');
  assert.equal(mergedPath('library/x'), 'library/x');
  const merged = mergeUsr([
    { path: 'lib', type: 'directory' },
    { path: 'lib/a.so', type: 'file' },
    { path: 'usr/lib', type: 'directory' },
  ]);
  assert.deepEqual(
    merged.map((file) => file.path),
    ['usr', 'usr/lib', 'usr/lib/a.so'],
  );
});
