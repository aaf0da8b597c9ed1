import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDocker } from '../fixtures/engine.ts';
import { tempDir } from '../fixtures/temp.ts';
import { composeCli, NO_ALPINE, realAlpine } from './compose-cli.ts';

const DOCKERFILE = `FROM pkgcompose/alpine-base
RUN /.pkg/install.sh
RUN [ "$(id -un)" = root ] && printf 'all:\\n\\techo made\\n' > Makefile && make
`;
/** Everything a second run could change. */
const SNAPSHOT = [
  'find / -xdev "(" -path /proc -o -path /sys -o -path /dev -o -path /tmp ")" -prune -o -print | sort',
  'while read -r f; do stat -c "%n %f %u %g %s %Y" "$f"; [ -L "$f" ] || [ ! -f "$f" ] || sha256sum "$f"; done',
].join(' | ');

test('real Alpine 3.19: index, compose, docker load, run, FROM … RUN /.pkg/install.sh', async (t) => {
  const alpine = realAlpine();
  if (alpine === undefined) return t.skip(NO_ALPINE);
  const docker = await startDocker(t);
  if (docker === undefined) return t.skip('skipped: no docker engine');
  const cli = composeCli(tempDir(t));
  const run = (image: string, ...words: readonly string[]) =>
    docker.run(['run', '--rm', '--network=none', image, ...words]);

  const indexed = JSON.parse(cli.ok(['index', ...alpine.source, '--json']));
  assert.deepEqual(
    indexed.map((one: { packages: number; status: string }) => [one.packages, one.status]),
    [
      [100, 'indexed'],
      [95, 'indexed'],
    ],
  );
  assert.match(indexed[0].signedBy, /^alpine-devel@lists\.alpinelinux\.org-/);

  // No -o: out.tar in the folder one is in, as the README says.
  const report = cli.compose([...alpine.packages, ...alpine.source, '--install', 'deferred']);
  assert.match(report.output ?? '', /out\.tar$/);
  const tar = `${cli.cache}/../home/out.tar`;
  assert.match(docker.run(['load', '-i', tar]), /Loaded image: pkgcompose\/alpine-base:latest/);
  const id = docker.run(['image', 'inspect', '--format', '{{.Id}}', 'pkgcompose/alpine-base']).trim();
  assert.equal(id, report.imageId);

  await t.test('programs run without any script having run', () => {
    const image = 'pkgcompose/alpine-base';
    assert.match(run(image, 'git', '--version'), /^git version 2\.43\./);
    assert.match(run(image, 'ld', '--version'), /^GNU ld \(GNU Binutils\)/);
    assert.match(run(image, 'as', '--version'), /^GNU assembler/);
    assert.match(run(image, 'busybox'), /^BusyBox v1\.36/);
    assert.equal(run(image, 'jq', '-n', '-c', '{a:[1,2]}|.a|add'), '3\n');
    const repository = [
      'set -e; busybox mkdir /work; cd /work; git init -q -b main .; echo hi > a; git add a',
      'git -c user.name=a -c user.email=a@b commit -q -m first; git fsck --strict; git log --format=%s',
    ].join('; ');
    assert.equal(run(image, 'sh', '-c', repository), 'first\n');
    const make =
      'cd /tmp; printf "a: b\\n\\tbusybox cp b a\\nb:\\n\\techo made > b\\n" > Makefile; make -s; busybox cat a';
    assert.equal(run(image, 'sh', '-c', make), 'made\n');
    const object = [
      'set -e; cd /tmp; printf ".globl _start\\n_start: mov \\$60,%%eax\\nmov \\$42,%%edi\\nsyscall\\n" > a.s',
      'as a.s -o a.o; ld a.o -o a; ./a || echo "exit $?"',
    ].join('; ');
    assert.equal(run(image, 'sh', '-c', object), 'exit 42\n');
    // tmp keeps its sticky bit although packages and the install layer put nothing else in it.
    assert.equal(run(image, 'busybox', 'stat', '-c', '%a', '/tmp'), '1777\n');
    assert.equal(
      run(image, 'busybox', 'find', '/', '-maxdepth', '1', '-name', '.*', '-type', 'f'),
      '/.dockerenv\n',
    );
  });

  await t.test('the shell is the default command, the labels and PATH are there', () => {
    assert.equal(
      docker.run(['run', '--rm', '-i', '--network=none', 'pkgcompose/alpine-base'], 'echo "$PATH"'),
      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
    );
  });

  await t.test('docker build: install.sh makes applets and users; again it changes nothing', () => {
    const built = docker.run(['build', '--network=none', '--no-cache', '-t', 'installed', '-'], DOCKERFILE);
    assert.match(built, /Executing alpine-baselayout-\S+\.pre-install/);
    assert.match(built, /Executing busybox-1\.36\.1-r15\.post-install/);
    assert.match(built, /Executing busybox-1\.36\.1-r15\.trigger/);
    assert.match(built, /\necho made\nmade\n/);
    assert.equal(run('installed', 'readlink', '/bin/ls'), '/bin/busybox\n');
    assert.match(run('installed', 'ls', '-l', '/usr/bin/awk'), /-> \/bin\/busybox/);
    assert.match(run('installed', 'getent', 'passwd', 'nobody'), /^nobody:x:65534:/);
    assert.match(run('installed', 'cat', '/etc/passwd'), /^root:x:0:0:root:/);
    assert.match(run('installed', 'stat', '-c', '%a %U %G', '/etc/shadow'), /^640 root shadow/);
    assert.match(run('installed', 'rc-status', '--version'), /OpenRC/);
    const again = `snapshot() { ${SNAPSHOT}; }; snapshot > /tmp/a; /.pkg/install.sh; echo "exit $?"; snapshot > /tmp/b`;
    const printed = run('installed', 'sh', '-c', `${again}; cmp /tmp/a /tmp/b && wc -l < /tmp/a`);
    assert.match(printed, /^exit 0\n[0-9]{4}\n$/);
  });
});
