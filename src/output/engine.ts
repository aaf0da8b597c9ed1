import { AppError, isAppError } from '../model/app-error.ts';
import { parseJsonOr } from '../model/json.ts';
import { append } from '../model/lists.ts';
import { MEDIA_TYPES } from '../model/media-types.ts';
import { silentProgress } from '../model/progress.ts';
import type { Image } from './image.ts';
import { streamImageTar, type WriteOptions } from './image-tar.ts';
import { throwIfCancelled } from './storage-error.ts';
import { tarParts, tarSize } from './tar-pieces.ts';

/** Command of a container engine. */
export type EngineName = 'docker' | 'podman';

/** A container engine that answered. */
export interface Engine {
  readonly name: EngineName;
  /** Version of the server, or of the client if there is no server: `20.10.24+dfsg1` */
  readonly version: string;
  /** False: layers must be gzip or plain tar. */
  readonly readsZstd: boolean;
  /** Program that is run: also podman's `docker` look-alike. */
  readonly command: string;
  /** Environment of the program: the user's `DOCKER_HOST`, `CONTAINER_HOST`, `PATH`… */
  readonly env: NodeJS.ProcessEnv;
}

/** First release that can read zstd layers. */
const ZSTD_SINCE: Readonly<Record<EngineName, number>> = { docker: 23, podman: 4 };
/** A socket that accepts and never answers must not hang the command. */
const DETECT_TIMEOUT_MS = 20_000;
/** The end of an engine's output names the cause of a failure. */
const MAX_STDERR_CHARACTERS = 4_000;

const NOTHING_LOADED = 'its output names no loaded image';

/** Finds an engine that answers; `auto` prefers docker. @throws AppError ENGINE with what was tried and why it failed */
export async function detectEngine(wanted: EngineName | 'auto', env: NodeJS.ProcessEnv): Promise<Engine> {
  const tried: string[] = [];
  for (const command of wanted === 'auto' ? (['docker', 'podman'] as const) : [wanted]) {
    const found = await ask(command, env);
    if (typeof found !== 'string') return found;
    tried.push(found);
  }
  throw new AppError('ENGINE', `no container engine answers: ${tried.join('; ')}`, {
    hint: 'Start docker or install podman, check DOCKER_HOST, or write a file without --load and load it later: docker load -i out.tar',
    details: { wanted, tried },
  });
}

/**
 * Pipes the image into `docker load` or `podman load`.
 * @returns the names that the engine reports as loaded; ids of images without a name
 * @throws AppError ENGINE with the engine's own words; INTEGRITY if a blob is damaged; CANCELLED
 */
export async function loadIntoEngine(
  engine: Engine,
  image: Image,
  options: WriteOptions = {},
): Promise<{ readonly loaded: readonly string[] }> {
  const { progress = silentProgress, signal } = options;
  throwIfCancelled(signal);
  const { execa } = await import('execa');
  const task = progress.task(`load into ${engine.name}`, tarSize(tarParts(image)), 'bytes');
  let broken: unknown;
  async function* input(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of streamImageTar(image)) {
        yield piece;
        task.advance(piece.length);
      }
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  let output: string;
  try {
    const { stdout, stderr } = await execa(engine.command, ['load'], {
      env: engine.env,
      extendEnv: false,
      stdin: [input()],
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    output = `${stdout}\n${stderr}`;
  } catch (error) {
    if (isAppError(broken)) throw broken;
    throwIfCancelled(signal);
    throw loadFailed(engine, image, error);
  } finally {
    task.done();
  }
  const loaded = loadedNames(output);
  // Docker's containerd store reports an error and exits with 0; the image that it names is there but cannot run.
  const complaint = /^Error\b.*$/m.exec(output)?.[0] ?? (loaded.length === 0 ? NOTHING_LOADED : undefined);
  if (complaint !== undefined) {
    const all = output.trim();
    throw loadFailed(engine, image, {
      stderr: all === '' || complaint !== NOTHING_LOADED ? complaint : `${complaint}: ${all}`,
    });
  }
  return { loaded };
}

/** Returns the engine behind a command, or a sentence that says why none answers. */
async function ask(command: EngineName, env: NodeJS.ProcessEnv): Promise<Engine | string> {
  const { execa } = await import('execa');
  const result = await execa(command, ['version', '--format', '{{json .}}'], {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: DETECT_TIMEOUT_MS,
  });
  if (result.code === 'ENOENT') return `${command} is not installed`;
  if (result.timedOut) return `${command} did not answer within ${DETECT_TIMEOUT_MS / 1000} s`;
  if (result.failed) {
    const why = lastLine(result.stderr) || (result.exitCode === undefined ? result.shortMessage : '');
    return `${command}: ${why || `exit code ${result.exitCode}`}`;
  }
  const found = engineOf(result.stdout);
  if (found === undefined) return `${command} version printed no version`;
  const major = Number.parseInt(found.version, 10);
  return { ...found, readsZstd: major >= ZSTD_SINCE[found.name], command, env };
}

/**
 * Parses the output of `docker version --format '{{json .}}'`. A server, podman's too, names itself in its components; podman
 * without a server (also if it is called `docker`) has only a client.
 */
export function engineOf(versionJson: string): Pick<Engine, 'name' | 'version'> | undefined {
  const reply = parseJsonOr(versionJson, 'docker version') as VersionReply | null | undefined;
  const server = reply?.Server;
  const version = server?.Version ?? reply?.Client?.Version;
  if (typeof version !== 'string' || !/^\d/.test(version)) return undefined;
  const isDocker = server?.Components?.some((component) => component.Name === 'Engine') ?? false;
  return { name: isDocker ? 'docker' : 'podman', version };
}

interface VersionReply {
  readonly Client?: { readonly Version?: unknown } | null;
  readonly Server?: {
    readonly Version?: unknown;
    readonly Components?: readonly { readonly Name?: unknown }[] | null;
  } | null;
}

/**
 * Parses the names in the output of `load`: `Loaded image: a:1`, `Loaded image ID: sha256:…`, and older podman's `Loaded
 * image(s): a:1,b:1`.
 */
export function loadedNames(output: string): readonly string[] {
  const names: string[] = [];
  for (const match of output.matchAll(/^Loaded image(?:\(s\)| ID)?: *(.+?) *$/gm)) {
    append(names, (match[1] ?? '').split(/, */));
  }
  return names;
}

function loadFailed(engine: Engine, image: Image, error: unknown): AppError {
  const failure = error as { readonly stderr?: unknown; readonly shortMessage?: unknown };
  const stderr =
    typeof failure.stderr === 'string' ? failure.stderr.trim().slice(-MAX_STDERR_CHARACTERS) : '';
  const words = stderr || String(failure.shortMessage ?? error);
  const zstd = !engine.readsZstd && Buffer.from(image.manifest).includes(MEDIA_TYPES.layerZstd);
  return new AppError(
    'ENGINE',
    `${engine.command} load failed (${engine.name} ${engine.version}): ${words}`,
    {
      cause: error,
      hint: zstd
        ? 'Use --layer-encoding gzip: this engine cannot read zstd layers.'
        : /mount options is too long|max depth exceeded|too many layers/i.test(words)
          ? 'Use --max-layers 50 or --layers single: this engine accepts fewer layers.'
          : /no space left/i.test(words)
            ? 'Free some space where the engine stores its images.'
            : /permission denied.*(?:sock|daemon)|connect/i.test(words)
              ? 'Check that the engine runs and that you may use it (DOCKER_HOST, group docker).'
              : 'Write the image to a file (-o out.tar) and load it manually for more details.',
      details: { engine: engine.name, version: engine.version, stderr },
    },
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
