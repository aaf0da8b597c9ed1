import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeRoot } from '../../../src/compose/root.ts';
import { isKeptFile } from '../../../src/distros/alpine/kept-files.ts';
import { applyKnownScript } from '../../../src/distros/alpine/known-script.ts';
import { certificateOf, subjectHash } from '../../../src/distros/alpine/known-x509.ts';
import { Undecided } from '../../../src/distros/shared/shell/undecided.ts';
import { NOW, rootWith, snapshot, textOf } from '../../fixtures/script-root.ts';

const BUSYBOX = {
  'bin/busybox': 'x ',
  'bin/sh': '-> /bin/busybox',
  'usr/sbin/addgroup': '-> /bin/busybox',
  'usr/sbin/adduser': '-> /bin/busybox',
  'etc/busybox-paths.d/busybox': 'bin/ls\nbin/mount\nusr/bin/[\nno/such\nsbin/init\n'.replace(
    'no/such\n',
    '',
  ),
  'sbin/': '',
  'usr/bin/': '',
};
const USERS = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/ash\nlast:x:100:100::/:/bin/false\n',
  'etc/group': 'root:x:0:root\nfirst:x:100:\n',
  'etc/shadow': 'root:::0:::::\n',
};

function script(
  root: TreeRoot,
  text: string,
  options: { name?: string; version?: string; args?: string[] } = {},
): string {
  const { name = 'x', version = '1-r0', args = [version] } = options;
  const content = Buffer.from(text).toString('base64');
  const installed = { facts: { name, version, scripts: [{ name: 'post-install', content }] } } as never;
  const run = { installed, script: 'post-install', args, time: NOW + 3600 };
  const before = snapshot(root);
  const why = applyKnownScript(run, root);
  if (why !== undefined) assert.equal(snapshot(root), before);
  return why ?? '';
}

test('a user of a pre-install script is what busybox makes of it', () => {
  const root = rootWith({ ...BUSYBOX, ...USERS, 'var/lib/': '' });
  root.change('etc/shadow', { mode: 0o640, gid: 42 });
  const text =
    '#!/bin/sh\nuser=web\naddgroup -S $user 2>/dev/null\nadduser -S -D -h /var/lib/$user -s /sbin/nologin -G $user -g $user $user 2>/dev/null\nexit 0\n';
  assert.equal(script(root, text), '');
  assert.equal(
    textOf(root, 'etc/passwd'),
    `${USERS['etc/passwd']}web:x:101:101:web:/var/lib/web:/sbin/nologin\n`,
  );
  assert.equal(textOf(root, 'etc/group'), `${USERS['etc/group']}web:x:101:web\n`);
  assert.equal(textOf(root, 'etc/shadow'), 'root:::0:::::\nweb:!:20000:0:99999:7:::\n');
  assert.equal(textOf(root, 'etc/passwd-'), USERS['etc/passwd']);
  assert.equal(textOf(root, 'etc/group-'), `${USERS['etc/group']}web:x:101:\n`);
  const [shadow, home] = [root.stat('etc/shadow'), root.stat('var/lib/web')];
  assert.deepEqual([shadow?.mode, shadow?.gid], [0o640, 42]);
  assert.deepEqual([home?.type, home?.mode, home?.uid, home?.gid], ['directory', 0o2755, 101, 101]);
});

test('without a list of users that is certain nothing is done', () => {
  const adduser = '#!/bin/sh\nadduser -S -D -H -G first web\n';
  const odd = [
    'x\n',
    'a:x:1:1:::\na:x:2:2:::\n',
    '+:::::\n',
    'a:x:-1:1:::\n',
    'a:x:99999999999:1:::\n',
    '\n',
    'a:x:1:1:::\0\n',
  ];
  for (const passwd of odd)
    assert.notEqual(
      script(rootWith({ ...BUSYBOX, ...USERS, 'etc/passwd': passwd }), adduser),
      '',
      JSON.stringify(passwd),
    );
  assert.equal(script(rootWith({ ...BUSYBOX }), adduser), 'ends with 1');
  assert.notEqual(script(rootWith({ ...BUSYBOX, ...USERS, 'etc/passwd': '-> /elsewhere' }), adduser), '');
  assert.notEqual(
    script(rootWith({ ...BUSYBOX, ...USERS, 'etc/gshadow': '' }), '#!/bin/sh\naddgroup -S web\n'),
    '',
  );
  const taken = Array.from({ length: 900 }, (_, at) => `u${at}:x:${at + 100}:0:::\n`).join('');
  assert.equal(script(rootWith({ ...BUSYBOX, ...USERS, 'etc/passwd': taken }), adduser), 'ends with 1');
});

test('a program that is not there yet is not found, as in the real run', () => {
  const text = '#!/bin/sh\naddgroup -S web 2>/dev/null\nexit 0\n';
  const root = rootWith({ 'bin/busybox': 'x ', 'bin/sh': '-> busybox', ...USERS });
  assert.equal(script(root, text), '');
  assert.equal(textOf(root, 'etc/group'), USERS['etc/group']);
});

test('another shell, another interpreter and none are left', () => {
  const root = rootWith({ 'bin/sh': '-> bash', 'bin/bash': 'x ' });
  for (const text of [
    '#!/bin/sh\n',
    '#!/bin/sh -e\ntrue\n',
    '#!/usr/bin/lua\n',
    'true\n',
    '',
    '#!/bin/sh',
    '\x7fELF',
  ])
    assert.notEqual(script(root, text), '', text);
  assert.notEqual(script(rootWith({}), '#!/bin/sh\ntrue\n'), '');
  const linked = { ...BUSYBOX, 'bin/busybox': '-> ../usr/bin/busybox', 'usr/bin/busybox': 'x ' };
  assert.match(script(rootWith(linked), '#!/bin/sh\n/usr/bin/busybox --install -s\n'), /is a link/);
  assert.equal(
    applyKnownScript(
      {
        installed: { facts: { scripts: [] } } as never,
        script: 'trigger',
        args: [],
        time: 0,
      },
      root,
    ),
    'no such script',
  );
});

test('what busybox does otherwise than a plain write or a plain path is left: a running program, its own output, no file', () => {
  const root = rootWith({
    ...BUSYBOX,
    'lib/libc.so.1': 'old',
    'etc/one': 'a\n',
    'etc/dangling': '-> nowhere',
  });
  root.link('etc/one', 'etc/two');
  const reasons = {
    'echo x > /bin/sh': 'writes to the program bin/busybox',
    'chmod 644 /bin/busybox; echo x > /bin/busybox': 'writes to the program bin/busybox',
    'echo x > /lib/libc.so.1': 'writes to the program lib/libc.so.1',
    'echo x > /out; busybox cat /out >> /out': 'cat of its own output',
    'echo x >> /etc/two': 'writes to etc/two, which has other names',
    'chmod 600 /etc/two; echo x >> /etc/two': 'writes to etc/two, which has other names',
    'busybox readlink -f ./w': 'readlink -f of a missing path',
    'busybox readlink -f w': 'readlink -f of a missing path',
    'busybox readlink -f /etc/dangling/': 'readlink -f of a missing path',
    'busybox readlink -f //etc': 'a path with two slashes in front',
  };
  for (const [text, why] of Object.entries(reasons))
    assert.equal(script(root, `#!/bin/sh\n${text.replaceAll('busybox ', '/bin/busybox ')}\n`), why, text);
  const text = '/bin/busybox rm /etc/two; echo b > /etc/two; /bin/busybox readlink -f /etc/w >> /etc/two';
  assert.equal(script(root, `#!/bin/sh\n${text}\n`), '');
  assert.deepEqual([textOf(root, 'etc/one'), textOf(root, 'etc/two')], ['a\n', 'b\n/etc/w\n']);
});

const TRIGGER = `#!/bin/sh
do_bb_install=
for i in "$@"; do
	case "$i" in
		/lib/modules/*) target=$(readlink -f "$(command -v depmod || true)")
			if [ -d "$i" ] && [ "$target" = "/bin/busybox" ]; then /bin/busybox depmod \${i#/lib/modules/}; fi ;;
		*) do_bb_install=yes;;
	esac
done
if [ -n "$do_bb_install" ]; then
	[ -e /bin/bbsuid ] && /bin/bbsuid --install
	/bin/busybox --install -s
fi
`;

test('busybox links the applets of its list where nothing is, bbsuid over links', () => {
  const root = rootWith({
    ...BUSYBOX,
    'bin/bbsuid':
      'x ELF\0/bin/busybox\0--install\0/bin/bbsuid\0/bin/mount\0/usr/bin/passwd\0/lib/ld-musl.so.1\0',
    'bin/mount': '-> /bin/busybox',
    'bin/ls': '-> ../usr/bin/coreutils',
  });
  assert.equal(script(root, TRIGGER, { args: ['/bin', '/lib/modules/6.1'] }), '');
  const target = (path: string) => root.stat(path)?.linkTarget;
  assert.deepEqual(['bin/ls', 'bin/mount', 'usr/bin/[', 'usr/bin/passwd', 'sbin/init'].map(target), [
    '../usr/bin/coreutils',
    '/bin/bbsuid',
    '/bin/busybox',
    '/bin/bbsuid',
    '/bin/busybox',
  ]);
  const withModules = rootWith({
    ...BUSYBOX,
    'sbin/depmod': '-> /bin/busybox',
    'usr/bin/readlink': '-> /bin/busybox',
    'lib/modules/6.1/': '',
  });
  assert.match(script(withModules, TRIGGER, { args: ['/lib/modules/6.1'] }), /busybox depmod/);
  assert.match(
    script(rootWith({ ...BUSYBOX, 'etc/busybox-paths.d/busybox': '../../x\n' }), TRIGGER, { args: ['/bin'] }),
    /in etc/,
  );
  assert.match(
    script(rootWith({ ...BUSYBOX, 'bin/bbsuid': 'x ELF' }), TRIGGER, { args: ['/bin'] }),
    /bbsuid/,
  );
});

test('in a merged root busybox and bbsuid are below /usr, and links lead to what they are called by', () => {
  const merged = {
    'usr/bin/busybox': 'x ',
    'usr/bin/sh': '-> /bin/busybox',
    'usr/bin/bbsuid': 'x ELF\0/bin/busybox\0--install\0/bin/bbsuid\0/bin/mount\0/usr/bin/passwd\0',
    'usr/bin/mount': '-> /bin/busybox',
    bin: '-> usr/bin',
    sbin: '-> usr/bin',
    'usr/sbin': '-> bin',
    'etc/busybox-paths.d/busybox': 'bin/ls\nbin/mount\nsbin/init\nusr/sbin/chroot\n',
  };
  const root = rootWith(merged);
  assert.equal(script(root, TRIGGER, { args: ['/bin'] }), '');
  const target = (path: string) => root.stat(path)?.linkTarget;
  assert.deepEqual(
    ['ls', 'mount', 'passwd', 'init', 'chroot'].map((name) => target(`usr/bin/${name}`)),
    ['/bin/busybox', '/bin/bbsuid', '/bin/bbsuid', '/bin/busybox', '/bin/busybox'],
  );
  const wolfi = '#!/usr/bin/busybox sh\n/usr/bin/busybox --install -s\n';
  const own = rootWith(merged);
  assert.equal(script(own, wolfi), '');
  assert.equal(own.stat('usr/bin/ls')?.linkTarget, '/usr/bin/busybox');
  assert.match(script(rootWith(merged), '#!/usr/bin/busybox\n'), /another interpreter/);
  assert.ok(isKeptFile('usr/bin/bbsuid', 1));
});

const ONE = `-----BEGIN CERTIFICATE-----
MIIBwzCCAXWgAwIBAgIUfwzeK4/I0Ltj66jsOphV1PlNpdIwBQYDK2VwMFcxCzAJ
BgNVBAYTAkRFMRgwFgYDVQQKDA8gIFNvbWUgICBUcnVzdCAxGjAYBgNVBAsMEUbF
kXRhbsO6c8OtdHbDoW55MRIwEAYDVQQDDAlSb290IENBIDEwHhcNMjYxMTIxMTAz
OTI1WhcNMzYxMTE4MTAzOTI1WjBXMQswCQYDVQQGEwJERTEYMBYGA1UECgwPICBT
b21lICAgVHJ1c3QgMRowGAYDVQQLDBFGxZF0YW7DunPDrXR2w6FueTESMBAGA1UE
AwwJUm9vdCBDQSAxMCowBQYDK2VwAyEA0KDttQmS+v/zC+OqvbpXtIVemtFioH2F
cNFpX8RqLX+jUzBRMB0GA1UdDgQWBBRWsiivsvAVR9wbiYMoLYrrmZllWTAfBgNV
HSMEGDAWgBRWsiivsvAVR9wbiYMoLYrrmZllWTAPBgNVHRMBAf8EBTADAQH/MAUG
AytlcANBAID6pXYkr8r+xeUWACSLITg4G1Qw2U439K1IeF0LwggwhR8KaGwkS1Tx
BZHsMvaBsr+Lw9VXv3Z5MzD5H0dzhAw=
-----END CERTIFICATE-----
`;
const TWO = `-----BEGIN CERTIFICATE-----
MIIBMDCB46ADAgECAhRV2TZKbL4Uey2gG/6xqFIJ2BL/IDAFBgMrZXAwDjEMMAoG
A1UEAwwDVHdvMB4XDTI2MTEyMTEwMzkyNVoXDTM2MTExODEwMzkyNVowDjEMMAoG
A1UEAwwDVHdvMCowBQYDK2VwAyEAnR7uRHQy/EhgMmhxK3VuuKZLD6LkMOoLblkg
MT8Y/SCjUzBRMB0GA1UdDgQWBBTkDd8M0nf0ZI4dRt4j6w0+2dGf3TAfBgNVHSME
GDAWgBTkDd8M0nf0ZI4dRt4j6w0+2dGf3TAPBgNVHRMBAf8EBTADAQH/MAUGAytl
cANBACGka2kHaneMJjWjlXSMyKjYxKqWwyADmYxjROWg521IkbkxwF9ljlHX7kHU
MShbxNUWr2AmEL/w3ssr4QzPXw8=
-----END CERTIFICATE-----
`;
const TWO_IN_A_SET = `-----BEGIN CERTIFICATE-----
MIIBQDCB86ADAgECAhRo2ceCYJ49AQUWeQcPUTYSHID4jTAFBgMrZXAwFjEUMAgG
A1UEAwwBYjAIBgNVBAoMAWEwHhcNMjYxMTIxMTAzOTI1WhcNMzYxMTE4MTAzOTI1
WjAWMRQwCAYDVQQDDAFiMAgGA1UECgwBYTAqMAUGAytlcAMhACZtOhio5g/gN2j/
5h8es2MRGiHSIdh7feB2n/mbxJado1MwUTAdBgNVHQ4EFgQUl0GKXF/M3LcWyk94
bdrY3Fk33eQwHwYDVR0jBBgwFoAUl0GKXF/M3LcWyk94bdrY3Fk33eQwDwYDVR0T
AQH/BAUwAwEB/zAFBgMrZXADQQAi7/45AuIZHmNRs1RIEze6Z2li5aRjX9Kb+p1f
5/R43D/qDKvqOKs6FnY20YdeaeRlWdDT4UqKmZKc1wUqaJIJ
-----END CERTIFICATE-----
`;

test('a subject has the hash that OpenSSL gives it', () => {
  assert.equal(subjectHash(certificateOf(ONE)), 'b4405cda');
  assert.equal(subjectHash(certificateOf(TWO)), '57978b99');
  assert.throws(() => subjectHash(certificateOf(TWO_IN_A_SET)), Undecided);
  const der = certificateOf(ONE);
  for (let length = 0; length < 170; length++)
    assert.throws(() => subjectHash(der.subarray(0, length)), Undecided);
  for (const text of ['', ONE + TWO, ONE.replaceAll('-', '='), `x${ONE}`])
    assert.throws(() => certificateOf(text), Undecided);
});

const CA = {
  ...BUSYBOX,
  'usr/bin/run-parts': '-> /bin/busybox',
  'usr/sbin/update-ca-certificates': 'x ',
  'usr/bin/c_rehash': 'x ',
  'etc/ca-certificates/update.d/certhash': 'x #!/bin/sh\nexec /usr/bin/c_rehash /etc/ssl/certs\n',
  'etc/ca-certificates.conf': '# made\nm/Two, (2).crt\n!m/off.crt\nm/Őne.crt\n',
  'etc/ssl/certs/ca-certificates.crt': 'old',
  'usr/share/ca-certificates/m/Two, (2).crt': TWO,
  'usr/share/ca-certificates/m/Őne.crt': ONE,
};
const UPDATE = '#!/bin/sh\n/usr/sbin/update-ca-certificates &> /dev/null\nexit 0\n';
const KNOWN = { name: 'ca-certificates', version: '20240226-r0' };

test('the CA bundle, its links and their hashes', () => {
  const root = rootWith(CA);
  assert.equal(script(root, UPDATE, KNOWN), '');
  assert.equal(
    textOf(root, 'etc/ssl/certs/ca-certificates.crt'),
    `${TWO}
${ONE}
`,
  );
  assert.deepEqual(
    root.list('etc/ssl/certs').map((name) => [name, root.stat(`etc/ssl/certs/${name}`)?.linkTarget]),
    [
      ['57978b99.0', 'ca-cert-Two__=2=.pem'],
      ['b4405cda.0', 'ca-cert-Őne.pem'],
      ['ca-cert-Two__=2=.pem', '/usr/share/ca-certificates/m/Two, (2).crt'],
      ['ca-cert-Őne.pem', '/usr/share/ca-certificates/m/Őne.crt'],
      ['ca-certificates.crt', ''],
    ],
  );
});

test('certificates of unknown order, kind or program are left', () => {
  const left: readonly [string, Readonly<Record<string, string>>, typeof KNOWN?][] = [
    ['another version', {}, { ...KNOWN, version: '20260101-r0' }],
    ['another package', {}, { ...KNOWN, name: 'other' }],
    ['an own certificate', { 'usr/local/share/ca-certificates/me.crt': ONE }],
    ['a second run', { 'etc/ssl/certs/57978b99.0': '-> x' }],
    ['one hash twice', { 'usr/share/ca-certificates/m/Őne.crt': TWO }],
    ['no line feed', { 'usr/share/ca-certificates/m/Őne.crt': ONE.trimEnd() }],
    ['a path that leads out', { 'etc/ca-certificates.conf': '../../etc/passwd\n' }],
    ['nothing', { 'etc/ca-certificates.conf': '# none\n' }],
    ['one that is not there', { 'etc/ca-certificates.conf': 'm/no.crt\n' }],
    ['another script', { 'etc/ca-certificates/update.d/java': 'x #!/bin/sh\njava\n', 'bin/java': 'x ' }],
    [
      'itself',
      { 'etc/ca-certificates/update.d/again': 'x #!/bin/sh\nexec /usr/sbin/update-ca-certificates\n' },
    ],
  ];
  for (const [why, files, as = KNOWN] of left)
    assert.notEqual(script(rootWith({ ...CA, ...files }), UPDATE.replace('exit 0\n', ''), as), '', why);
});

test('what is read of packages is kept with their facts', () => {
  for (const path of Object.keys({ ...USERS, ...CA, 'bin/bbsuid': '' }))
    if (/^(etc|usr\/share)\/|bbsuid/.test(path) && !path.startsWith('etc/ssl'))
      assert.ok(isKeptFile(path, 1000), path);
  assert.equal(isKeptFile('etc/passwd', 1 << 30), false);
  assert.equal(isKeptFile('usr/bin/passwd', 10), false);
});
