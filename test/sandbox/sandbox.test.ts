import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TarEntry } from '../../src/archive/tar-entry.ts';
import { TarScanner } from '../../src/archive/tar-reader.ts';
import { isAppError } from '../../src/model/app-error.ts';
import type { BackendName } from '../../src/sandbox/command.ts';
import type { SandboxLimits } from '../../src/sandbox/limits.ts';
import { findProgram, searchPath } from '../../src/sandbox/programs.ts';
import { openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { tempDir } from '../fixtures/temp.ts';
import { hostRoot } from './host-root.ts';
import { temporaryUser } from './temporary-user.ts';

const BACKENDS: readonly (readonly [BackendName, string])[] = [
  ['crun', 'crun'],
  ['runc', 'runc'],
  ['bubblewrap', 'bwrap'],
  ['util-linux', 'unshare'],
];
/** In the command line of what scripts start, so that what is left of them can be found. */
const MARK = '31415.92';

const [major = 0, minor = 0] = release().split('.').map(Number);
const SETS_SHARED_MEMORY = major > 6 || (major === 6 && minor >= 9);

interface Ran {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly sandbox: Sandbox;
}

interface Setting {
  readonly backend?: BackendName;
  readonly limits?: Partial<SandboxLimits>;
  readonly signal?: AbortSignal;
  readonly more?: Parameters<typeof hostRoot>[1];
}

/** Runs a script in a root of this machine's programs; undefined when skipped. */
async function ran(t: TestContext, script: string, setting: Setting = {}): Promise<Ran | undefined> {
  const tar = hostRoot(script, setting.more);
  if (tar === undefined) return void t.skip('skipped: this machine lacks a program of the test root');
  const directory = mkdtempSync(join(tmpdir(), 'pkgcompose-test-'));
  const signal = setting.signal ?? new AbortController().signal;
  let sandbox: Sandbox;
  try {
    sandbox = await openSandbox({ directory, env: process.env, ...setting, signal });
  } catch (error) {
    rmSync(directory, { recursive: true });
    if (!isAppError(error, 'UNSUPPORTED')) throw error;
    return void t.skip(`skipped: ${error.message}`);
  }
  t.after(async () => {
    await sandbox.close();
    assert.deepEqual(readdirSync(directory), [], 'the folder is gone');
    assert.deepEqual(leftovers(), [], 'no process is left');
    rmSync(directory, { recursive: true });
  });
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield tar as Buffer;
  }
  await sandbox.unpack(pieces());
  const lines: string[] = [];
  const { exitCode } = await sandbox.run({
    words: ['/bin/sh', '/run.sh'],
    env: { PATH: '/bin', QUOTED: `a'b "c" $d` },
    started: '.pkg/started',
    onLine: (line) => lines.push(line),
  });
  return { exitCode, lines, sandbox };
}

/** Command lines of processes that hold the mark. */
function leftovers(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(MARK));
}

async function packed(sandbox: Sandbox): Promise<Map<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  const scanner = new TarScanner({ entry: (entry) => entries.set(entry.path, entry) });
  for await (const chunk of sandbox.pack(['.pkg', 'dev', 'proc', 'bin', 'lib', 'lib64', 'usr']))
    scanner.write(chunk);
  scanner.finish();
  return entries;
}

for (const [backend, program] of BACKENDS) {
  test(`${backend}: what a script sees, can and cannot do`, async (t) => {
    if (findProgram(program, searchPath(process.env)) === undefined) return t.skip(`skipped: no ${program}`);
    const server = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as { port: number };
    const bystander = spawn('sleep', [MARK.replace('.', '')], { stdio: 'ignore' });
    t.after(() => bystander.kill());
    const outside = tempDir(t);

    const script = `
no() { if "$@" >/dev/null 2>&1; then echo "ALLOWED: $*"; fi; }
echo "$QUOTED"
[ -w /dev/null ] && [ -c /dev/zero ] && [ -c /dev/full ] && [ -c /dev/urandom ] && [ -d /proc/self ] && echo places
[ -e /sys/kernel ] && echo "ALLOWED: /sys"
[ -e ${outside} ] && echo "ALLOWED: the machine's files"
no mknod /tmp/null c 1 3
no mknod /tmp/disk b 8 0
no mount -t tmpfs tmpfs /tmp
no mount -o remount,rw /proc/sys
no unshare --user sh -c :
no unshare --mount sh -c :
no sh -c ': >> /proc/sys/kernel/core_pattern'
no sh -c ': >> /proc/sysrq-trigger'
no sh -c 'echo 5 > /proc/sys/user/max_user_namespaces'
no sh -c 'echo 0 > /proc/self/oom_score_adj'
no sh -c 'echo 0 > /proc/1/oom_score_adj'
no sh -c 'echo x > /proc/self/comm'
no perl -e 'mkdir "/dev/d"; open F, ">", "/dev/d/fill" or exit 1; print F "x" x 65536 or exit 1 for 1..1040; close F or exit 1'
${SETS_SHARED_MEMORY ? `no perl -e 'exit(defined shmget(0, 1 << 30, 01600) ? 0 : 1)'` : ''}
echo "oom $(cat /proc/self/oom_score_adj), host $(cat /proc/sys/kernel/hostname)"
no perl -e 'socket(S, 2, 1, 0) && connect(S, pack("S n C4 x8", 2, ${port}, 127, 0, 0, 1)) or exit 1'
no perl -e 'mkdir "/tmp/x"; chroot "/tmp/x" or exit 1; chdir ".." for 1..64; chroot "."; exit(-e "${outside}" ? 0 : 1)'
no perl -e 'for (glob("/proc/[0-9]*")) { exit 0 if -e "$_/root${outside}" || -e "$_/cwd${outside}" } exit 1'
kill -9 -1 2>/dev/null
touch /tmp/owned && chown 33:44 /tmp/owned && chmod 6755 /tmp/owned
chroot / sh -c : && echo chroot
echo done
exit 7`;
    const result = await ran(t, script, { backend });
    if (result === undefined) return;
    assert.deepEqual(result.lines, [`a'b "c" $d`, 'places', 'oom 1000, host localhost', 'chroot', 'done']);
    assert.equal(result.exitCode, 7);
    const folder = basename(result.sandbox.folder);
    assert.match(folder, /^[0-9a-f]{32}$/, 'scripts see it in /proc/self/mountinfo');
    assert.equal(bystander.exitCode, null, 'processes outside live on');
    const owned = (await packed(result.sandbox)).get('tmp/owned');
    assert.deepEqual([owned?.uid, owned?.gid, owned?.mode], [33, 44, 0o6755]);
  });

  test(`${backend}: a background process ends with the script, a loop at the time limit`, async (t) => {
    if (findProgram(program, searchPath(process.env)) === undefined) return t.skip(`skipped: no ${program}`);
    const background = `
perl -e '# ${MARK}
  $SIG{$_} = "IGNORE" for keys %SIG; while (1) { symlink("/etc", "/tmp/a"); rename("/tmp/a", "/tmp/b"); mkdir("/tmp/b"); rmdir("/tmp/b") }' &
sleep 0.2; echo left`;
    const left = await ran(t, background, { backend });
    if (left === undefined) return;
    assert.deepEqual([left.lines, left.exitCode], [['left'], 0]);
    assert.deepEqual(leftovers(), []);
    assert.deepEqual([...(await packed(left.sandbox)).keys()], [...(await packed(left.sandbox)).keys()]);
    await assert.rejects(
      ran(t, `while :; do sleep ${MARK}; done`, { backend, limits: { timeoutMs: 400 } }),
      (error) => isAppError(error, 'LIMIT') && /longer than 0.4 s/.test(error.message),
    );
    assert.deepEqual(leftovers(), []);
  });
}

for (const [backend, program] of BACKENDS) {
  test(`${backend}: scripts that fill the disk are killed beyond the root's limit`, async (t) => {
    if (findProgram(program, searchPath(process.env)) === undefined) return t.skip(`skipped: no ${program}`);
    const fill = `perl -e '# ${MARK}
      $x = "x" x 2**20; for (1..2000) { open F, ">", "/tmp/$_"; print F $x; close F; select undef, undef, undef, 0.005 }'`;
    const limits = { rootBytes: 100 * 2 ** 20, fileBytes: 8 * 2 ** 20 };
    const error = await ran(t, fill, { backend, limits }).catch((error) => error);
    if (error === undefined) return;
    assert.ok(
      isAppError(error, 'LIMIT') && /filled more than 104857600 bytes of disk/.test(error.message),
      String(error),
    );
  });
}

test('what was deleted again is not counted as part of the root', async (t) => {
  const script = `perl -e '
    $x = "x" x 2**20; for (1..300) { open F, ">", "/tmp/x"; print F $x; close F; select undef, undef, undef, 0.002; unlink "/tmp/x" }'`;
  const result = await ran(t, script, { limits: { rootBytes: 100 * 2 ** 20 } });
  if (result !== undefined) assert.equal(result.exitCode, 0);
});

test('scripts end when the file system has less room or fewer inodes than must stay free', async (t) => {
  const bytes = await ran(t, `sleep ${MARK}`, { limits: { freeBytes: 2 ** 52 } }).catch((error) => error);
  if (bytes === undefined) return;
  assert.ok(isAppError(bytes, 'STORAGE'), String(bytes));
  assert.match(bytes.message, / bytes free on this file system, expected at least 4503599627370496 /);
  const inodes = await ran(t, `sleep ${MARK}`, { limits: { freeFiles: 2 ** 50 } }).catch((error) => error);
  assert.ok(isAppError(inodes, 'STORAGE') && / inodes free /.test(inodes.message), String(inodes));
});

test('there are no more processes than the limit, and a fork bomb ends with the time limit', async (t) => {
  const count = `perl -e 'my ($n, $pid) = (0); $n++ while defined($pid = fork()) && $pid; exit if defined $pid; print "$n\n"'
sleep 0.5`;
  const counted = await ran(t, count, { limits: { processes: 100 } });
  if (counted === undefined) return;
  const children = Number(counted.lines[0]);
  assert.ok(children > 50 && children < 100, counted.lines.join('\n'));

  const bomb = `perl -e '# ${MARK}
    while (1) { fork() }'`;
  const error = await ran(t, bomb, { limits: { processes: 100, timeoutMs: 700 } }).catch((error) => error);
  assert.ok(isAppError(error, 'LIMIT'), String(error));
  assert.deepEqual(leftovers(), []);
});

test('a gigabyte of output is read and not kept', async (t) => {
  const script = `perl -e '$x = ("x" x 1023) . "\\n"; $x x= 1024; print $x for 1..1024'; echo end`;
  const result = await ran(t, script, { limits: { outputBytes: 10_000 } });
  if (result === undefined) return;
  assert.equal(result.exitCode, 0);
  assert.equal(result.lines.length, 11);
  assert.equal(result.lines.at(-1), `… and ${2 ** 30 + 4 - 10_000} more bytes, not shown`);
});

test('a file beyond the limit is not written, a root beyond it not read', async (t) => {
  const script = 'truncate -s 65M /tmp/large && echo large; truncate -s 60M /tmp/fits && echo fits';
  const result = await ran(t, script, { limits: { fileBytes: 64 * 2 ** 20, rootBytes: 50 * 2 ** 20 } });
  if (result === undefined) return;
  assert.equal(result.lines.at(-1), 'fits');
  assert.ok(!result.lines.includes('large'));
  await assert.rejects(packed(result.sandbox), (error) => isAppError(error, 'LIMIT'));
});

test('odd things that scripts leave come back as they are, or not at all', async (t) => {
  const script = `
cd /tmp
ln -s /etc/shadow link
ln -s ../../../../../../etc up
mkfifo pipe
touch "$(printf 'new\\nline')" "$(printf 'not\\377utf8')" -- -rf
touch -d @1000000000.5 old
ln old hard
perl -e 'socket(S, 1, 1, 0); bind(S, pack("S a*", 1, "/tmp/socket\\0")) or die'
perl -e 'for (1..200) { mkdir("d" x 200); chdir("d" x 200) } open(F, ">", "x")' `;
  const attributes = { 'user.note': Buffer.from('kept').toString('base64') };
  const more = [
    { path: 'tmp/noted', type: 'file', mode: 0o600, uid: 65534, gid: 65534, mtime: 5, xattrs: attributes },
  ] as const;
  const result = await ran(t, script, { more });
  if (result === undefined) return;
  const entries = new Map<string, TarEntry>();
  const scanner = new TarScanner({ entry: (entry) => entries.set(entry.path, entry) });
  const read = async (): Promise<void> => {
    for await (const chunk of result.sandbox.pack(['bin', 'lib', 'lib64', 'usr', `tmp/${'d'.repeat(200)}`]))
      scanner.write(chunk);
  };
  await read();
  assert.deepEqual(entries.get('tmp/noted')?.xattrs, attributes);
  assert.equal(entries.get('tmp/noted')?.uid, 65534);
  assert.equal(entries.get('tmp/link')?.linkTarget, '/etc/shadow');
  assert.equal(entries.get('tmp/up')?.linkTarget, '../../../../../../etc');
  assert.equal(entries.get('tmp/pipe')?.type, 'fifo');
  assert.ok(entries.has('tmp/new\nline') && entries.has('tmp/not\udcffutf8') && entries.has('tmp/-rf'));
  assert.deepEqual(
    [entries.get('tmp/hard')?.mtime, entries.get('tmp/old')?.linkTarget],
    [1_000_000_000.5, 'tmp/hard'],
  );
  assert.ok(!entries.has('tmp/socket'), 'a tar has no sockets');
  await assert.rejects(packed(result.sandbox), isAppError, 'a path that no tar reader takes');
});

test('a script that cannot start is a sandbox that could not: every backend says why', async (t) => {
  const directory = tempDir(t);
  const signal = new AbortController().signal;
  const sandbox = await openSandbox({ directory, env: process.env, signal }).catch((error) => {
    if (!isAppError(error, 'UNSUPPORTED')) throw error;
    t.skip(`skipped: ${error.message}`);
  });
  if (sandbox === undefined) return;
  t.after(() => sandbox.close());
  const command = { words: ['/bin/sh'], env: { PATH: '/bin' }, started: '.pkg/started', onLine() {} };
  await assert.rejects(
    sandbox.run(command),
    (error) => isAppError(error, 'UNSUPPORTED') && /util-linux: /.test(error.message),
  );
});

test('cancelling kills what runs and removes the folder', async (t) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  const result = ran(t, `sleep ${MARK}`, { signal: controller.signal });
  await result.then(
    (value) => assert.equal(value, undefined),
    (error) => assert.ok(isAppError(error, 'CANCELLED')),
  );
  assert.deepEqual(leftovers(), []);
});

test('what a killed process leaves is removed by the next, what a living one has is not', async (t) => {
  const directory = tempDir(t);
  const code = `
    const { openSandbox } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/sandbox/sandbox.ts'))});
    const sandbox = await openSandbox({ directory: ${JSON.stringify(directory)}, env: process.env, signal: new AbortController().signal });
    console.log(sandbox.folder);
    await new Promise(() => setInterval(() => {}, 1000));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const folder = await new Promise<string>((done) => {
    child.stdout.once('data', (bytes) => done(String(bytes).trim()));
    child.once('exit', () => done(''));
  });
  if (folder === '') return t.skip('skipped: no sandbox here');
  const options = { directory, env: process.env, signal: new AbortController().signal };
  await (await openSandbox(options)).close();
  assert.ok(existsSync(folder));
  child.kill('SIGKILL');
  await new Promise((done) => child.once('close', done));
  await (await openSandbox(options)).close();
  assert.deepEqual(readdirSync(directory), []);
});

test('without root: the same', (t) => {
  if (process.getuid?.() !== 0) return t.skip('skipped: these tests run without root already');
  const user = temporaryUser(t);
  if (typeof user !== 'string') return;
  const words = ['-u', user, '--', process.execPath, '--test', '--test-reporter=tap', '--test-name-pattern'];
  const names = 'sees, can|fill the disk|odd things|killed process|there are no more';
  const { stdout } = spawnSync('runuser', [...words, names, import.meta.filename], {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  const counted = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(stdout)?.[1]);
  assert.equal(counted('fail'), 0, stdout);
  assert.ok(counted('pass') >= 5, stdout);
  t.diagnostic(`as ${user}: ${counted('pass')} pass, ${counted('skipped')} skipped`);
});
