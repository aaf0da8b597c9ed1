import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment, KEY, noise, small } from '../../app/harness.ts';
import { type Mirror, startMirror } from '../../fake/mirror.ts';
import type { ApkSpec } from '../../fixtures/apk.ts';
import { type BoundProcess, startBoundProcess } from '../../fixtures/bound-process.ts';
import { writeAlpineMirror, writeApkKeyring } from '../../fixtures/mirror-dir.ts';

export interface TestHooks {
  after(fn: () => void | Promise<void>): void;
}

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
const START_MS = 60_000;
const RELEASE = 'v3.19';

/** Where packages come from: a made mirror, and the folder that it serves. */
export interface Upstream {
  readonly folder: string;
  readonly mirror: Mirror;
  readonly keyring: string;
  readonly names: readonly string[];
  /** Adds packages to the repository. */
  write(packages: readonly ApkSpec[]): void;
}

/** Packages `p0`, `p1`… of 1 KB to 1 MB; most depend on others before them. */
export function packages(count: number): readonly ApkSpec[] {
  return Array.from({ length: count }, (_, at) => {
    const name = `p${at}`;
    const sizeBytes = at % 20 === 7 ? 1_000_000 : 1_000 + ((at * 7919) % 60_000);
    const depends = [at >> 1, at >> 2].filter((one) => at % 3 !== 0 && one !== at).map((one) => `p${one}`);
    const files = [
      { path: 'usr/' },
      { path: 'usr/share/' },
      { path: `usr/share/${name}`, content: noise(name, sizeBytes) },
    ];
    return small(name, { depends: [...new Set(depends)], files });
  });
}

export async function startUpstream(t: TestHooks, folder: string, count: number): Promise<Upstream> {
  const root = join(folder, 'mirror');
  const write = (specs: readonly ApkSpec[]): void => {
    writeAlpineMirror(root, { release: RELEASE, packages: specs, key: KEY });
    writeAlpineMirror(root, { release: RELEASE, repo: 'community', packages: [], key: KEY });
  };
  const specs = packages(count);
  write(specs);
  const mirror = await startMirror(root);
  t.after(() => mirror.close().catch(() => undefined));
  return {
    folder: root,
    mirror,
    keyring: writeApkKeyring(join(folder, 'keys'), [KEY]),
    names: specs.map(({ name }) => name),
    write,
  };
}

/** Options by which a command finds the packages. */
export function sourceWords({ mirror, keyring }: Upstream): readonly string[] {
  return ['--release', RELEASE, '--arch', 'x86_64', '--mirror', mirror.url, '--keyring', keyring];
}

/** What a process holds. */
export interface Held {
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly threads: number;
}

export interface Served {
  readonly url: string;
  readonly process: BoundProcess;
  held(): Held;
  kill(): void;
  /** Ends it by SIGTERM. @throws Error unless it ends by itself, with exit code 0 */
  end(graceMs?: number): Promise<void>;
}

/** `compose serve` as a process. */
export async function serve(
  t: TestHooks,
  {
    folder,
    cache,
    words,
  }: { readonly folder: string; readonly cache: string; readonly words: readonly string[] },
): Promise<Served> {
  const logPath = join(folder, `log-${nextLog++}`);
  const process_ = startBoundProcess(
    process.execPath,
    [MAIN, 'serve', '--listen', '127.0.0.1:0', '--cache', cache, ...words],
    { logPath, env: environment({ HOME: folder }) },
  );
  t.after(() => process_.stop());
  const [, url = ''] = await process_.printed(/serving on (http:\/\/\S+)/, START_MS);
  const { pid } = process_;
  return {
    url,
    process: process_,
    held: () => heldBy(pid),
    kill: () => process.kill(pid, 'SIGKILL'),
    // The server gives requests 30 s.
    async end(graceMs = 45_000) {
      process.kill(pid, 'SIGTERM');
      const deadline = Date.now() + graceMs;
      while (process_.exitCode() !== 0) {
        if (Date.now() > deadline || process_.exitCode() !== undefined)
          throw new Error(`exit code ${process_.exitCode()} after SIGTERM: ${process_.log()}`);
        await sleep(20);
      }
    },
  };
}

let nextLog = 0;

function heldBy(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const numberOf = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return {
    rssMiB: Math.round(numberOf('VmRSS') / 1024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: numberOf('Threads'),
  };
}

/** What the descriptors of a process are, for the message of a failing test. */
export function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch {
      return 'closed';
    }
  });
}
