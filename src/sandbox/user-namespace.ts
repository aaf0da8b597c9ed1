import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Readable } from 'node:stream';
import type { AppError } from '../model/app-error.ts';
import { type IdRange, rootRanges, userRanges } from './id-map.ts';
import { noSandbox } from './programs.ts';

/** Options of starting a command in a namespace. */
export interface CommandOptions {
  /** Working directory; the namespace's root may not be able to reach it by its path. */
  readonly folder: string;
  readonly input?: AsyncIterable<Uint8Array>;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A user namespace with all the ids of a root file system, and a process namespace within it: all its processes die with it, also
 * if this process is killed.
 */
export interface UserNamespace {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** Starts the command as root of the namespace. */
  start(words: readonly string[], options: CommandOptions): NamespaceProcess;
  /** Kills all its processes, and waits until they have ended. */
  close(): Promise<void>;
}

/** A command that runs in a namespace. */
export interface NamespaceProcess {
  /** Output that has to be read to its end */
  readonly stdout: Readable;
  /** Output that has to be read to its end */
  readonly stderr: Readable;
  /** Never rejects; `why` is empty if the exit code is 0. */
  readonly ended: Promise<{ readonly exitCode: number; readonly why: string }>;
}

/**
 * Makes a user namespace and maps its ids.
 * @param path where programs are found
 * @throws AppError UNSUPPORTED naming what is missing
 */
export async function openUserNamespace(path: string): Promise<UserNamespace> {
  const maps = idMaps();
  const { execa } = await import('execa');
  const env = { PATH: path, LC_ALL: 'C' };
  // The namespaces live as long as their first process, which reads from this process and exits at end of file.
  const holder = execa('unshare', ['--user', '--pid', '--fork', 'sh', '-c', 'echo; exec cat >/dev/null'], {
    env,
    extendEnv: false,
    reject: false,
    buffer: { stdout: false },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let fds: readonly number[] = [];
  const close = async (): Promise<void> => {
    for (const fd of fds) closeSync(fd);
    fds = [];
    holder.stdin.end();
    await holder;
  };
  const ready = await Promise.race([
    new Promise<true>((done) => holder.stdout.once('data', () => done(true))),
    holder,
  ]);
  if (ready !== true) throw namespaceRefused(ready.stderr || ready.shortMessage || '');
  try {
    const pid = holder.pid as number;
    await writeMap('uid', pid, maps.uids, path);
    await writeMap('gid', pid, maps.gids, path);
    fds = ['user', 'pid_for_children'].map((name) => openSync(`/proc/${pid}/ns/${name}`, 'r'));
  } catch (error) {
    await close();
    throw error;
  }
  const [userFd = -1, pidFd = -1] = fds;
  const enter = ['--user=/proc/self/fd/3', '--pid=/proc/self/fd/4', '--'];
  const namespace: UserNamespace = {
    ...maps,
    close,
    start(words, { folder, input, env: more = {} }) {
      const stdio = [input === undefined ? 'ignore' : [input], 'pipe', 'pipe', userFd, pidFd];
      const child = execa('nsenter', [...enter, ...words], {
        cwd: folder,
        env: { ...env, ...more },
        extendEnv: false,
        reject: false,
        buffer: false,
        // Numbers are passed on to Node.js; execa's types allow them for the first three only.
        stdio: stdio as unknown as ['pipe', 'pipe', 'pipe'],
      });
      const ended = child.then(({ exitCode = -1, shortMessage = '' }) => ({ exitCode, why: shortMessage }));
      return { stdout: child.stdout, stderr: child.stderr, ended };
    },
  };
  await tryNamespaces(namespace);
  return namespace;
}

/** Checks that other namespaces can be made within it: some kernels allow only a user namespace. */
async function tryNamespaces(namespace: UserNamespace): Promise<void> {
  const words = ['unshare', '--mount', '--net', '--ipc', '--uts', '--propagation=private', 'true'];
  const { stdout, stderr, ended } = namespace.start(words, { folder: '/' });
  let said = '';
  stdout.resume();
  stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const { exitCode, why } = await ended;
  if (exitCode === 0) return;
  await namespace.close();
  throw namespaceRefused(said || why);
}

function idMaps(): { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] } {
  if (process.geteuid?.() === 0) {
    const random = Math.random();
    return {
      uids: rootRanges(readFileSync('/proc/self/uid_map', 'utf8'), random),
      gids: rootRanges(readFileSync('/proc/self/gid_map', 'utf8'), random),
    };
  }
  const { username: name, uid, gid } = userInfo();
  const of = (file: string, id: number): readonly IdRange[] => {
    const ranges = userRanges(readIfThere(file), { name, uid, id });
    if (ranges !== undefined) return ranges;
    const hint = `Run as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name} (a range that no other user has), or use --install static.`;
    throw noSandbox(`${file} has no ids for ${name}`, hint, { file, user: name });
  };
  return { uids: of('/etc/subuid', uid), gids: of('/etc/subgid', gid) };
}

async function writeMap(
  kind: 'uid' | 'gid',
  pid: number,
  ranges: readonly IdRange[],
  path: string,
): Promise<void> {
  const numbers = ranges.map(({ inside, outside, count }) => [inside, outside, count].map(String));
  if (process.geteuid?.() === 0) {
    try {
      writeFileSync(`/proc/${pid}/${kind}_map`, numbers.map((range) => `${range.join(' ')}\n`).join(''));
    } catch (error) {
      throw namespaceRefused(`/proc/${pid}/${kind}_map: ${(error as Error).message}`);
    }
    return;
  }
  const { execa } = await import('execa');
  const program = `new${kind}map`;
  const result = await execa(program, [String(pid), ...numbers.flat()], {
    env: { PATH: path, LC_ALL: 'C' },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  if (!result.failed) return;
  const why = result.stderr || (result.shortMessage ?? '');
  throw noSandbox(
    `${program} failed: ${why}`,
    `Check that ${program} is setuid root or has its capability (package uidmap), and the ranges in /etc/sub${kind}.`,
  );
}

function namespaceRefused(why: string): AppError {
  return noSandbox(`the kernel does not allow user namespaces: ${why.trim()}`, namespaceHint());
}

/** Returns a hint that names the settings by which the kernel forbids user namespaces, as far as they can be read. */
export function namespaceHint(): string {
  const isSet = (name: string, value: string): boolean =>
    readIfThere(`/proc/sys/${name.replaceAll('.', '/')}`).trim() === value;
  const settings = [
    ['user.max_user_namespaces', '0', '15000'],
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
  ] as const;
  const hints = settings
    .filter(([name, forbids]) => isSet(name, forbids))
    .map(([name, forbids, allows]) => `Run sysctl ${name}=${allows}: it is ${forbids}.`);
  return [
    ...hints,
    'Start a container with --privileged, or use --install static, which runs no scripts.',
  ].join(' ');
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
