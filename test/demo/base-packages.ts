import type { ApkSpec, FixtureKey } from '../fixtures/apk.ts';
import type { ArchSpec } from '../fixtures/arch.ts';
import type { FixtureFile } from '../fixtures/tar.ts';

/** The packages that no Debian package stands for: a root file system, the distribution's name, its keys; and one by another name. */

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n';
const GROUP = 'root:x:0:root\nnobody:x:65534:\n';

const SHARED: readonly FixtureFile[] = [
  ...['dev', 'etc', 'home', 'mnt', 'opt', 'proc', 'run', 'srv', 'sys', 'usr', 'usr/bin', 'usr/lib'].map(
    (path): FixtureFile => ({ path: `${path}/` }),
  ),
  ...['usr/local', 'usr/share', 'var', 'var/cache', 'var/lib', 'var/log'].map(
    (path): FixtureFile => ({ path: `${path}/` }),
  ),
  { path: 'root/', mode: 0o700 },
  { path: 'tmp/', mode: 0o1777 },
  { path: 'var/tmp/', mode: 0o1777 },
  { path: 'etc/passwd', content: PASSWD },
  { path: 'etc/group', content: GROUP },
  { path: 'etc/shadow', content: 'root:*::0:::::\n', mode: 0o640 },
];

function osRelease(id: string, version: string): FixtureFile {
  const lines = [`NAME="Sample of ${id}"`, `ID=${id}`, `VERSION_ID=${version}`];
  return { path: 'etc/os-release', content: `${lines.join('\n')}\n` };
}

/** Busybox's applets are links that its post-install script makes, as Alpine's package does it. */
export const BUSYBOX_POST_INSTALL =
  '#!/bin/busybox sh\n/bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin\nexec /bin/busybox --install -s\n';

/** The loader's cache, as Arch's glibc makes it. */
export const LDCONFIG_INSTALL =
  'post_install() {\n  ldconfig -r .\n}\n\npost_upgrade() {\n  ldconfig -r .\n}\n';

export function alpineBase(release: string, key: FixtureKey): readonly ApkSpec[] {
  return [
    {
      name: 'alpine-baselayout',
      version: '3.4.3-r2',
      arch: 'noarch',
      description: 'Root file system of the sample mirror',
      depends: ['/bin/sh'],
      files: [...SHARED, { path: 'bin/' }, { path: 'sbin/' }, { path: 'lib/' }, { path: 'usr/sbin/' }],
    },
    {
      name: 'alpine-release',
      version: `${release}-r0`,
      arch: 'noarch',
      description: 'Release of the sample mirror',
      depends: ['alpine-baselayout'],
      files: [
        { path: 'etc/' },
        { path: 'etc/alpine-release', content: `${release}\n` },
        osRelease('alpine', release),
      ],
    },
    {
      name: 'alpine-keys',
      version: '2.4-r1',
      arch: 'noarch',
      description: 'Key of the sample mirror',
      files: [
        ...['etc/', 'etc/apk/', 'etc/apk/keys/'].map((path) => ({ path })),
        { path: `etc/apk/keys/${key.name}`, content: key.publicPem },
      ],
    },
    {
      name: 'musl-dev',
      version: '1.2.4-r2',
      arch: 'noarch',
      description: "What Alpine calls the C library's headers",
      depends: ['libc6-dev'],
    },
    {
      name: 'busybox-binsh',
      version: '1.35.0-r0',
      arch: 'noarch',
      description: "Busybox's ash as /bin/sh",
      provides: ['/bin/sh', 'cmd:sh'],
      providerPriority: 100,
      depends: ['busybox'],
      files: [{ path: 'bin/' }, { path: 'bin/sh', linkTarget: '/bin/busybox' }],
    },
  ];
}

export function archBase(): readonly ArchSpec[] {
  const links: readonly FixtureFile[] = [
    { path: 'bin', linkTarget: 'usr/bin' },
    { path: 'sbin', linkTarget: 'usr/bin' },
    { path: 'lib', linkTarget: 'usr/lib' },
    { path: 'lib64', linkTarget: 'usr/lib' },
    { path: 'usr/sbin', linkTarget: 'bin' },
  ];
  return [
    {
      name: 'filesystem',
      version: '2026.01.01-1',
      arch: 'any',
      description: 'Root file system of the sample mirror',
      backup: ['etc/passwd', 'etc/group', 'etc/shadow'],
      files: [...SHARED, ...links, osRelease('arch', 'rolling')],
    },
  ];
}
