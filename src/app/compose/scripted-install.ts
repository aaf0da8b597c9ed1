import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Change, difference } from '../../compose/difference.ts';
import { isFile } from '../../compose/root.ts';
import { directoryInode, type Inode, parentOf, Tree } from '../../compose/tree.ts';
import type { Install } from '../../distros/install.ts';
import { AppError } from '../../model/app-error.ts';
import type { ArchiveFacts } from '../../model/archive.ts';
import { type DiffId, digestOf } from '../../model/digest.ts';
import type { Platform } from '../../model/platform.ts';
import type { LayerEncoding } from '../../model/request.ts';
import type { RunOptions } from '../../sandbox/command.ts';
import { isMapped } from '../../sandbox/id-map.ts';
import { openSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import type { Context } from '../context.ts';
import { capturedTree } from './captured-tree.ts';
import { changesTar } from './changes-tar.ts';
import { derivedLayer, type LayerBlob, layerOfChanges } from './layer-blobs.ts';

/** Input of scriptedInstallLayer. */
export interface RunInstallInput {
  /** diffIDs of the layers below, lowest first, and the tree they show */
  readonly below: readonly DiffId[];
  readonly stack: Tree;
  /** Contains `/.pkg/install.sh`, which has not run anything yet */
  readonly target: Tree;
  /** Steps that install.sh runs; without any it is left out. */
  readonly steps: readonly string[];
  readonly facts: readonly ArchiveFacts[];
  readonly encoding: LayerEncoding;
  /** Seconds since the epoch */
  readonly time: number;
  readonly install: Pick<Install, 'environment' | 'withoutShell'>;
  readonly platform: Platform;
}

/** Raised if the same scripts would give another layer. */
const RUN_VERSION = '1';
const DESCRIPTION = 'scripts run in a sandbox';
const INSTALL = '.pkg';
const INSTALL_SH = `${INSTALL}/install.sh`;
const STARTED = `${INSTALL}/started`;
/** Folders where the sandbox mounts its own file systems, so that changes below do not belong to the root. */
const MOUNTED = ['dev', 'proc'];
/** File times come from a clock that is some milliseconds behind. */
const CLOCK_SECONDS = 1;

/**
 * Returns the install layer of a root in which the packages' scripts, triggers and hooks have run in a sandbox. It is cached: the
 * same packages, scripts and settings run once.
 * @throws AppError SCRIPT if a script fails as in the package manager; UNSUPPORTED if there is no sandbox; LIMIT, CANCELLED
 */
export async function scriptedInstallLayer(context: Context, input: RunInstallInput): Promise<LayerBlob> {
  const { stack, target, time } = input;
  const command = commandOf(context, input);
  if (command === undefined) return layerOfChanges(context, difference(stack, withoutInstall(target)), input);
  const before = difference(stack, target);
  const parts = [
    'run',
    RUN_VERSION,
    String(time),
    input.install.environment.path,
    ...input.below,
    fingerprint(before),
  ];
  return derivedLayer(context, { parts, encoding: input.encoding, what: DESCRIPTION }, async function* () {
    refuseForeign(input.platform);
    const { directory: cache, env, signal } = context;
    const sandbox = await openSandbox({ directory: join(cache, 'sandbox'), env, signal });
    try {
      const after = await runScripts(context, sandbox, { ...input, command });
      yield* changesTar(context, difference(stack, after), input);
    } finally {
      await sandbox.close();
    }
  });
}

async function runScripts(
  context: Context,
  sandbox: Sandbox,
  input: RunInstallInput & { readonly command: Command },
): Promise<Tree> {
  const root = sandboxTree(input.target, sandbox);
  await sandbox.unpack(changesTar(context, difference(new Tree(), root), input));
  const from = Date.now() / 1000 - CLOCK_SECONDS;
  const { exitCode } = await sandbox.run({
    ...input.command,
    env: { PATH: input.install.environment.path, SOURCE_DATE_EPOCH: String(input.time) },
    onLine: (line) => context.progress.note(`install: ${line}`),
  });
  if (exitCode !== 0) {
    throw new AppError(
      'SCRIPT',
      `package scripts failed with exit status ${exitCode}, where the package manager would fail too`,
      {
        hint: 'See their output above. Use --install deferred to run them in the container, or --no-scripts to omit them.',
        details: { exitCode },
      },
    );
  }
  const times = { from, to: Date.now() / 1000 + CLOCK_SECONDS, time: input.time };
  const captured = await capturedTree(sandbox.pack([INSTALL, ...MOUNTED]), {
    before: root,
    folder: sandbox.folder,
    times,
  });
  return withUntouched(captured, input.target);
}

/** Returns the target without device nodes, which the sandbox cannot have, and with the places of its mounts. */
function sandboxTree(target: Tree, { uids, gids }: Pick<Sandbox, 'uids' | 'gids'>): Tree {
  const tree = new Tree();
  for (const path of MOUNTED) tree.set(path, directoryInode({ mode: 0o755, uid: 0, gid: 0, mtime: 0 }));
  for (const [path, inode] of target) {
    if (MOUNTED.includes(path) && inode.type !== 'directory') {
      throw new AppError('UNSUPPORTED', `/${path} is a ${inode.type}: scripts need a folder there`);
    }
    if (isDevice(inode)) continue;
    const [kind, id] = !isMapped(uids, inode.uid) ? ['user', inode.uid] : ['group', inode.gid];
    if (!isMapped(uids, inode.uid) || !isMapped(gids, inode.gid)) {
      throw new AppError(
        'UNSUPPORTED',
        `/${path} belongs to ${kind} ${id}, which the sandbox does not have`,
        {
          hint: 'Add ids to /etc/subuid and /etc/subgid, or use --install static.',
          details: { path: `/${path}`, id },
        },
      );
    }
    tree.set(path, inode);
  }
  return tree;
}

/** Adds back what the sandbox never had: device nodes, and everything below its mounts. */
function withUntouched(captured: Tree, target: Tree): Tree {
  const tree = new Tree(captured);
  for (const [path, inode] of target) {
    if (tree.has(path)) continue;
    const top = path.replace(/\/.*$/s, '');
    if (MOUNTED.includes(top)) tree.set(path, inode);
    else if (isDevice(inode) && tree.get(parentOf(path))?.type === 'directory') tree.set(path, inode);
  }
  return tree;
}

function withoutInstall(tree: Tree): Tree {
  return new Tree([...tree].filter(([path]) => path !== INSTALL && !path.startsWith(`${INSTALL}/`)));
}

function isDevice({ type }: Inode): boolean {
  return type === 'character' || type === 'block';
}

/**
 * Returns the command that runs the steps; undefined if there is nothing left to run.
 * @throws AppError SCRIPT if there is no shell, and the package manager would end with an error
 */
function commandOf({ progress }: Context, { target, steps, install }: RunInstallInput): Command | undefined {
  if (steps.length === 0) return undefined;
  const shell = interpreterOf(target);
  if (isFile(target, shell[0] ?? '')) {
    const script = `: > /${STARTED} && unset HOME && exec /${INSTALL_SH}`;
    return { words: [...shell, '-c', script], started: STARTED };
  }
  const remaining = install.withoutShell?.(steps);
  const { skipped, command } = remaining ?? { skipped: steps, command: undefined };
  const text = `no package ships ${shell[0]}, so ${skipped.length} scripts cannot run: ${skipped.join(', ')}`;
  if (remaining === undefined) {
    throw new AppError('SCRIPT', text, {
      hint: 'Add a package with a shell, or omit the scripts with --no-scripts.',
      details: { steps },
    });
  }
  if (skipped.length > 0) progress.note(`install: ${text}`);
  return command === undefined ? undefined : { words: command, started: undefined };
}

/** Returns the program of install.sh's first line: `#!/bin/busybox sh` → `/bin/busybox`, `sh`. */
function interpreterOf(target: Tree): readonly string[] {
  const content = target.get(INSTALL_SH)?.content;
  if (content?.kind !== 'bytes') throw new Error(`no ${INSTALL_SH} in the target tree`);
  const text = Buffer.from(content.bytes).toString('latin1');
  return text.slice('#!'.length, text.indexOf('\n')).split(' ');
}

type Command = Pick<RunOptions, 'words' | 'started'>;

/** Serialises everything in the layer except for contents, of which it has the digests. */
function fingerprint(changes: readonly Change[]): string {
  return digestOf(JSON.stringify(changes, (key, value) => (key === 'content' ? undefined : value)));
}

/** Architectures (OCI) whose programs this machine's processor can run, by Node's `process.arch`. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', '386'],
  ia32: ['386'],
  arm64: ['arm64'],
  arm: ['arm'],
  ppc64: ['ppc64le'],
  s390x: ['s390x'],
  riscv64: ['riscv64'],
  loong64: ['loong64'],
};
/** QEMU's names of OCI architectures, if they differ. */
const QEMU: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  '386': 'i386',
  arm64: 'aarch64',
  loong64: 'loongarch64',
};
const BINFMT = '/proc/sys/fs/binfmt_misc';

function refuseForeign({ architecture }: Platform): void {
  if (NATIVE[process.arch]?.includes(architecture)) return;
  const handler = `qemu-${QEMU[architecture] ?? architecture}`;
  if (emulates(handler)) return;
  throw new AppError(
    'UNSUPPORTED',
    `--install run: this ${process.arch} machine cannot run ${architecture} programs: binfmt_misc has no ${handler} handler with flag F`,
    {
      hint: `Install qemu-user-static and binfmt-support, compose on a ${architecture} machine, or use --install static.`,
      details: { machine: process.arch, architecture },
    },
  );
}

/** Flag F: the interpreter was opened when it was registered, so a root without it can use it. */
function emulates(handler: string): boolean {
  try {
    return readdirSync(BINFMT)
      .filter((name) => name === handler)
      .map((name) => readFileSync(join(BINFMT, name), 'latin1'))
      .some((text) => text.startsWith('enabled') && /^flags:.*F/m.test(text));
  } catch {
    return false;
  }
}
