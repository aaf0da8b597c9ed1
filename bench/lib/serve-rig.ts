import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBoundProcess } from '../../test/fixtures/bound-process.ts';
import { type RegistryProgram, startRegistry } from '../../test/fixtures/registries.ts';
import { ROOT, work } from './workbench.ts';

const START_MS = 30_000;
const NGINX = '/usr/sbin/nginx';

type After = (ending: () => void | Promise<void>) => void;

/** A server of the comparison. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

/** `compose serve`, from its start to its first answer. */
export interface Served extends Peer {
  readonly startSeconds: number;
}

/** Starts `compose serve` with a cache of the workbench. */
export async function startCompose(after: After, cache: string, options: readonly string[]): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-serve-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const words = ['serve', '--listen', `127.0.0.1:${port}`, '--cache', join(work, cache), ...options];
  const started = performance.now();
  const server = startBoundProcess(process.execPath, [join(ROOT, 'dist/main.js'), ...words], {
    logPath: join(folder, 'log'),
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  while (!(await answers(`${url}/v2/`))) {
    if (performance.now() - started > START_MS)
      throw new Error(`compose serve does not answer: ${server.log()}`);
  }
  return { name: 'compose serve', url, pid: server.pid, startSeconds: (performance.now() - started) / 1000 };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Starts the registries that are on this machine. */
export async function startPeers(after: After): Promise<readonly Peer[]> {
  const programs: readonly RegistryProgram[] = ['docker-registry', 'distribution-v3'];
  const peers: Peer[] = [];
  for (const program of programs) {
    const started = await startRegistry({ after, diagnostic: (text) => console.log(text) }, { program });
    if (started !== undefined) peers.push({ name: program, url: started.url, pid: started.pid });
  }
  return peers;
}

/** Starts nginx with one worker, which sends the files of a folder; undefined, said aloud, if it is not installed. */
export async function startNginx(after: After, folder: string): Promise<Peer | undefined> {
  if (!existsSync(NGINX)) {
    console.log('no comparison with nginx: it is not installed');
    return undefined;
  }
  const own = mkdtempSync(join(tmpdir(), 'pkgcompose-nginx-'));
  mkdirSync(join(own, 'temp'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${own}/temp;`)
    .join(' ');
  writeFileSync(
    join(own, 'nginx.conf'),
    `user root; worker_processes 1; daemon off; error_log stderr; pid ${own}/pid;
events { worker_connections 1024; }
http { ${temporary} access_log off; sendfile on; server { listen 127.0.0.1:${port}; root ${folder}; } }
`,
  );
  const server = startBoundProcess(NGINX, ['-c', join(own, 'nginx.conf'), '-e', 'stderr'], {
    logPath: join(own, 'log'),
  });
  after(async () => {
    await server.stop();
    rmSync(own, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + START_MS;
  while (
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error(`nginx does not answer: ${server.log()}`);
  }
  return { name: 'nginx', url, pid: server.pid };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Peak resident memory of a process so far, in MiB. */
export function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
