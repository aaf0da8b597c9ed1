import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { VerifyRequest } from '../../src/app/verify/verify.ts';
import { digestOf } from '../../src/model/digest.ts';
import type { VerifyProblem, VerifyReport } from '../../src/model/verify-report.ts';
import { runFake } from './fake-app.ts';
import { DIFF, VERIFY } from './image-samples.ts';

const NO_ACCESS = { insecure: false, ca: '', cert: '', key: '' };

const PROBLEM: VerifyProblem = {
  code: 'SIGNATURE',
  message: 'layer 0 (x): is unsigned\u001b[2J',
  hint: 'compose index',
  layer: 0,
  path: null,
  expected: null,
  got: null,
};
const REFUSED: VerifyReport = {
  ...VERIFY,
  layers: VERIFY.layers.map((layer) => (layer.at === 0 ? { ...layer, kind: 'refused' as const } : layer)),
  verified: false,
  problems: [PROBLEM, { ...PROBLEM, message: 'second' }],
};

describe('compose verify', () => {
  test('hands image, platform and trust on', async () => {
    const got = await runFake([
      'verify',
      'out#a:1',
      '--platform',
      'arm64',
      '--keyring',
      'keys',
      '--sig-level',
      'Never',
    ]);
    const { trust, ...asked } = got.calls[0]?.argument as VerifyRequest;
    assert.deepEqual(asked, { image: 'out#a:1', platform: 'linux/arm64', access: NO_ACCESS });
    assert.deepEqual([trust.keyring, trust.sigLevel, trust.allowUntrusted], [['keys'], 'Never', false]);
  });

  test('says by what it is vouched for, and lists what is not', async () => {
    const { stdout, exitCode } = await runFake(['verify', 'out.tar']);
    assert.equal(exitCode, 0);
    assert.equal(
      stdout,
      `image     out.tar
tag       docker.io/pkgcompose/gcc:latest
platform  linux/amd64
digest    ${digestOf('manifest')}
image id  ${digestOf('config')}
layers    2 (1 package, 1 install)
packages  1 signed by alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub

config, not covered by any signature, with default settings:
  Env PATH=/bin
  Cmd ["/bin/sh"]

install layer (1): 5 entries (packages' files at a different path: 1; directories: 1)
  generated: 1
    /etc/pass\\u000awd (100 B)  in place of base-1-r0's own
  install steps for /.pkg/install.sh: 1
    /.pkg/install.sh (100 B)
  hidden: 1
    /.wh..PKGINFO  hides the metadata of packages
note: files that neither the layout nor a manifest lists: 1, the first: blobs/sha256/0

verified: all bytes are the distribution's except the config and these 3 entries of the install layer, 200 B
`,
    );
  });

  test('bytes that no signature covers, a config of its own and unsigned packages are told', async () => {
    const [first, last] = VERIFY.layers;
    const unsigned = [
      { what: 'an entry other than a verified signature', path: '.SIGN.X\n', sizeBytes: 3 },
      { what: 'tar headers around signatures', path: null, sizeBytes: 1024 },
      { what: 'bytes between the entries of its tar', path: null, sizeBytes: null },
    ];
    const config = { asComposed: false, settings: { 'Env LD_PRELOAD': '/evil', OnBuild: '["RUN evil"]' } };
    const report = { ...VERIFY, config, layers: [{ ...first!, unsigned }, last!] };
    const { stdout } = await runFake(['verify', 'out.tar'], { answers: { verify: async () => report } });
    assert.match(
      stdout,
      /\nconfig, not covered by any signature, with non-default settings:\n {2}Env LD_PRELOAD=\/evil\n {2}OnBuild \["RUN evil"\]\n/,
    );
    assert.ok(
      stdout.includes(`
bytes not covered by any signature:
  layer 0: /.SIGN.X\\u000a (3 B)  an entry other than a verified signature
  tar headers around signatures: 1.0 kB in 1 layer
  bytes between the entries of its tar: not counted in 1 layer
`),
      stdout,
    );
    assert.match(stdout, /except the config, the bytes not covered by any signature and these 3 entries/);
    const unverified = { ...VERIFY, packages: 18, unverifiedPackages: 2, verified: false };
    const allowed = await runFake(['verify', 'out.tar'], { answers: { verify: async () => unverified } });
    assert.equal(allowed.exitCode, 0);
    assert.match(allowed.stdout, /\nnot verified against any signature: 2 of 18 packages; [^\n]*\n$/);
    assert.doesNotMatch(allowed.stdout, /distribution's/);
  });

  test('--verbose: every layer and every entry', async () => {
    const { stdout } = await runFake(['verify', 'out.tar', '--verbose']);
    assert.match(
      stdout,
      /\n +0 +sha256:[0-9a-f]{12} +397\.0 kB +package +musl-1\.2\.4-r2 +signed by alpine-devel/,
    );
    assert.match(
      stdout,
      /packages' files at a different path: 1\n {4}\/lib\/moved \(100 B\) {2}musl-1\.2\.4-r2: is its lib\/ld-musl\n/,
    );
    assert.match(stdout, /directories: 1\n {4}\/lib\/\n/);
  });

  test('long lists are cut unless asked for', async () => {
    const [first, last] = VERIFY.layers;
    const verdicts = Array.from({ length: 40 }, (_, at) => ({ ...last!.verdicts[4]!, path: `etc/${at}` }));
    const answers = { verify: async () => ({ ...VERIFY, layers: [first!, { ...last!, verdicts }] }) };
    const short = await runFake(['verify', 'out.tar'], { answers });
    assert.match(short.stdout, /generated: 40\n(?: {4}\/etc\/\d+ .*\n){12} {4}and 28 more \(--verbose\)\n/);
    const long = await runFake(['verify', 'out.tar', '--verbose'], { answers });
    assert.match(long.stdout, /generated: 40\n(?: {4}\/etc\/\d+ .*\n){40}/);
  });

  test('problems: each a line, the exit code of the first, the same as JSON', async () => {
    const answers = { verify: async () => REFUSED };
    const { stdout, exitCode } = await runFake(['verify', 'out.tar'], { answers });
    assert.equal(exitCode, 8);
    assert.match(stdout, /layers {4}2 \(1 install, 1 refused\)\n\n/);
    assert.ok(
      stdout.endsWith(
        '\nproblem: layer 0 (x): is unsigned\\u001b[2J\nproblem: second\nhint: compose index\n\nnot verified: 2 problems\n',
      ),
      stdout,
    );
    const json = await runFake(['verify', 'out.tar', '--json'], { answers });
    assert.deepEqual([json.exitCode, JSON.parse(json.stdout)], [8, REFUSED]);
  });

  test('packagers with a key each are counted', async () => {
    const [first, last] = VERIFY.layers;
    const packages = Array.from({ length: 9 }, (_, at) => ({
      ...first!.packages[0]!,
      name: `package${at}`,
      vouching: { by: 'signature' as const, key: `KEY${at}` },
    }));
    const answers = { verify: async () => ({ ...VERIFY, layers: [{ ...first!, packages }, last!] }) };
    const { stdout } = await runFake(['verify', 'out.tar'], { answers });
    assert.match(stdout, /\npackages {2}9 signed by 9 keys \(--verbose\)\n/);
  });

  test('wrong command lines', async () => {
    for (const words of [[], ['a', 'b'], ['a', '--platform', 'A B'], ['a', '--release', 'x']]) {
      assert.equal((await runFake(['verify', ...words])).exitCode, 2, words.join(' '));
    }
  });
});

describe('compose diff', () => {
  test('packages, settings, and counts of the rest; 1 when they differ', async () => {
    const { stdout, exitCode, calls } = await runFake(['diff', 'old.tar', 'new.tar']);
    assert.equal(exitCode, 1);
    assert.deepEqual(calls[0]?.argument, { a: 'old.tar', b: 'new.tar', platform: '', access: NO_ACCESS });
    const [a, b] = [digestOf('old.tar'), digestOf('new.tar config')].map((digest) => digest.slice(0, 19));
    assert.equal(
      stdout,
      `-  old.tar  ${a}  linux/amd64  2 packages   3 layers  30 paths  1.0 MB
+  new.tar  ${b}  linux/amd64  12 packages  3 layers  30 paths  1.0 MB

+ git 2.43.0-r0
~ musl 1.2.4-r1 → 1.2.4-r2
- zlib 1.3-r0

~ config.Env PATH: /bin → /usr/bin:/bin

packages: 1 added, 1 removed, 1 changed
files: 1 added, 0 removed, 1 changed
config: 1 difference
layers: 1 shared, 1 only in A, 1 only in B; updating from A to B downloads 2.5 MB
`,
    );
  });

  test('--files and --verbose: every file and every layer', async () => {
    const { stdout } = await runFake(['diff', 'old.tar', 'new.tar', '--files', '--verbose']);
    assert.match(stdout, /\n~ \/etc\/conf {2}content, mode: file 644 0:0 3 → file 600 0:0 4\n/);
    assert.match(stdout, /\n\+ \/usr\/bin\/git {2}file 755 0:0 4\n/);
    assert.match(stdout, new RegExp(`\n= +${digestOf('s')} +900\\.0 kB +busybox-1-r0\n`));
    assert.match(stdout, new RegExp(`\n- +${digestOf('x')} +100\\.0 kB +zlib-1\\.3-r0\n`));
    assert.match(stdout, new RegExp(`\n\\+ +${digestOf('y')} +2\\.5 MB\n`));
  });

  test('nothing differs: 0; everything as JSON', async () => {
    const answers = { diff: async () => ({ ...DIFF, equal: true }) };
    const same = await runFake(['diff', 'a', 'b'], { answers });
    assert.deepEqual([same.exitCode, same.stdout], [0, 'no difference\n']);
    const json = await runFake(['diff', 'a', 'b', '--json']);
    assert.deepEqual([json.exitCode, JSON.parse(json.stdout)], [1, DIFF]);
  });

  test('wrong command lines', async () => {
    for (const words of [[], ['a'], ['a', 'b', 'c'], ['a', 'b', '--keyring', 'x']]) {
      assert.equal((await runFake(['diff', ...words])).exitCode, 2, words.join(' '));
    }
  });
});
