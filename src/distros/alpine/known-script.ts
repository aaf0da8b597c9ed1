import { decodePath } from '../../model/path-bytes.ts';
import type { InstalledPackage, Root } from '../install.ts';
import { applyDecided } from '../shared/apply-decided.ts';
import type { RootDraft } from '../shared/root-draft.ts';
import type { ShellEnvironment } from '../shared/shell/command.ts';
import { SHELL_BUILTINS } from '../shared/shell/commands.ts';
import { runShell } from '../shared/shell/run.ts';
import { undecided } from '../shared/shell/undecided.ts';
import { busyboxProgram, isBusybox } from './known-busybox.ts';
import { C_REHASH, rehash, UPDATE_CA_CERTIFICATES, updateCaCertificates } from './known-certificates.ts';

/** A script of a package, and what apk runs it with. */
export interface ScriptRun {
  readonly installed: InstalledPackage;
  /** `pre-install`, `post-install`, `trigger` */
  readonly script: string;
  /** Version, or the changed directories of a trigger */
  readonly args: readonly string[];
  /** Seconds since the epoch, of the installation: the day in etc/shadow */
  readonly time: number;
}

/** What apk sets it to for scripts. */
const PATH = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];
/** Versions of the package whose programs were compared with what is done here. */
const KNOWN_CA_CERTIFICATES = /^20240226-r\d+$/;

/**
 * Does to the root what the script would, where its whole effect follows from its text and the root.
 * @returns why it does not, with the root as it was; `undefined` when the effect was applied
 */
export function applyKnownScript(
  { installed, script, args, time }: ScriptRun,
  root: Root,
): string | undefined {
  const found = installed.facts.scripts.find(({ name }) => name === script);
  if (found === undefined) return 'no such script';
  return applyKnownProgram({ content: Buffer.from(found.content, 'base64'), args, time, installed }, root);
}

/** A script by its content, as commit hooks are run. */
export interface ProgramRun extends Pick<ScriptRun, 'args' | 'time'> {
  readonly content: Uint8Array;
  /** The package whose script it is; `undefined`: none */
  readonly installed: InstalledPackage | undefined;
}

/** As applyKnownScript, for a program with this content. */
export function applyKnownProgram(
  { content, args, time, installed }: ProgramRun,
  root: Root,
): string | undefined {
  return applyDecided(root, (draft) => runAshScript(decodePath(content), args, { draft, time, installed }));
}

interface AshRun {
  readonly draft: RootDraft;
  readonly time: number;
  readonly installed: InstalledPackage | undefined;
}

function runAshScript(text: string, args: readonly string[], run: AshRun): number {
  const { draft, time, installed } = run;
  const interpreter =
    /^#! ?\/((?:usr\/)?bin\/(?:sh|busybox))( sh)?\n/.exec(text) ?? undecided('another interpreter');
  const [, shell = '', applet] = interpreter;
  if (shell.endsWith('busybox') !== (applet !== undefined)) undecided('another interpreter');
  if (draft.statFollow(shell)?.type !== 'file' || !isBusybox(draft.real(shell, true)))
    undecided('no busybox');

  const environment: ShellEnvironment = {
    dialect: 'sh',
    root: draft,
    path: PATH,
    builtins: SHELL_BUILTINS,
    program(real, name) {
      if (UPDATE_CA_CERTIFICATES.includes(real) && isKnownCertificates(installed))
        return (call) =>
          updateCaCertificates(call, (path) => {
            const script = decodePath(draft.read(path) ?? undecided(`no ${path}`));
            return runAshScript(script, [], run);
          });
      if (real === C_REHASH && isKnownCertificates(installed)) return rehash;
      return busyboxProgram(real, name, time);
    },
  };
  return runShell(text, args, environment);
}

function isKnownCertificates(installed: InstalledPackage | undefined): boolean {
  const { name = '', version = '' } = installed?.facts ?? {};
  return name === 'ca-certificates' && KNOWN_CA_CERTIFICATES.test(version);
}
