import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../model/app-error.ts';
import { throwIfCancelled } from '../output/storage-error.ts';
import { BACKENDS, PROLOGUE } from './backends.ts';
import type { BackendName, Place, RunOptions } from './command.ts';
import { watchDisk } from './disk-watch.ts';
import { OutputLines } from './output-lines.ts';
import { findProgram, noSandbox } from './programs.ts';
import { namespaceHint } from './user-namespace.ts';

/** Length of the end of a failed backend's output that is kept. */
const MAX_COMPLAINT_CHARACTERS = 4_000;

/** Tries the backends until one starts the command. @throws AppError as Sandbox.run */
export async function runCommand(
  place: Place,
  command: RunOptions,
): Promise<{ readonly exitCode: number; readonly backend: BackendName }> {
  const complaints: string[] = [];
  for (const backend of BACKENDS) {
    if (place.backend !== undefined && backend.name !== place.backend) continue;
    if (findProgram(backend.program, place.path) === undefined) {
      complaints.push(`${backend.program} is not installed`);
      continue;
    }
    const attempt = await start(place, `${PROLOGUE}${backend.script(command)}`, command);
    if (attempt.started) return { exitCode: attempt.exitCode, backend: backend.name };
    complaints.push(`${backend.name}: ${attempt.output || `exit code ${attempt.exitCode}`}`);
  }
  throw noSandbox(`none could be started: ${complaints.join('; ')}`, namespaceHint(), { tried: complaints });
}

interface Attempt {
  readonly started: boolean;
  readonly exitCode: number;
  /** Output of a command that did not start; else empty */
  readonly output: string;
}

async function start(
  place: Place,
  script: string,
  { started, onLine }: Pick<RunOptions, 'started' | 'onLine'>,
): Promise<Attempt> {
  const { limits, signal } = place;
  const hasStarted = (): boolean => started !== undefined && existsSync(join(place.root, started));
  const early: string[] = [];
  let isStarted = false;
  const lines = new OutputLines((line) => {
    isStarted ||= hasStarted();
    if (isStarted) onLine(line);
    else early.push(line);
  }, limits.outputBytes);
  const child = place.namespace.start(
    [
      'prlimit',
      `--nproc=${limits.processes}`,
      `--fsize=${limits.fileBytes}`,
      `--data=${limits.processMemoryBytes}`,
      `--nofile=${limits.openFiles}`,
      '--core=0',
      '--',
      ...['unshare', '--mount', '--net', '--ipc', '--uts', '--propagation=private', '--', 'sh', '-c', script],
    ],
    { folder: place.root },
  );
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const disk = watchDisk(place);
  const end = AbortSignal.any([signal, timeout, disk.signal]);
  let killed: Promise<void> | undefined;
  const kill = (): void => {
    killed = place.namespace.close();
  };
  end.addEventListener('abort', kill, { once: true });
  if (end.aborted) kill();
  child.stderr.on('data', (chunk: Buffer) => lines.write(chunk));
  child.stdout.on('data', (chunk: Buffer) => lines.write(chunk));
  const { exitCode } = await child.ended;
  end.removeEventListener('abort', kill);
  await killed;
  await disk.stop();
  lines.finish();
  throwIfCancelled(signal);
  disk.signal.throwIfAborted();
  if (timeout.aborted) {
    throw new AppError(
      'LIMIT',
      `package scripts ran longer than ${limits.timeoutMs / 1000} s and were killed`,
    );
  }
  isStarted ||= started === undefined ? exitCode === 0 : hasStarted();
  return { started: isStarted, exitCode, output: early.join(' ').slice(-MAX_COMPLAINT_CHARACTERS) };
}
