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

/** A run of a package's script by apk. */
export interface ScriptRun {
  readonly installed: InstalledPackage;
  /** `pre-install`, `post-install`, `trigger` */
  readonly script: string;
  /** The version or, for a trigger, the changed directories */
  readonly args: readonly string[];
  /** Time of the installation in seconds since the epoch, for the day in etc/shadow */
  readonly time: number;
}

/** Folders of PATH as apk sets it for scripts. */
const PATH = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];
/** Versions of the package whose programs this code was compared with. */
const KNOWN_CA_CERTIFICATES = /^20240226-r\d+$/;

/**
 * Applies a script's effect to the root, if the whole effect follows from its text and the root.
 * @returns the reason why it was not applied, with the root unchanged; `undefined` when it was
 */
export function applyKnownScript(
  { installed, script, args, time }: ScriptRun,
  root: Root,
): string | undefined {
  const found = installed.facts.scripts.find(({ name }) => name === script);
  if (found === undefined) return 'no such script';
  return applyKnownProgram({ content: Buffer.from(found.content, 'base64'), args, time, installed }, root);
}

/** A run of a program that is given by its content, such as a commit hook. */
export interface ProgramRun extends Pick<ScriptRun, 'args' | 'time'> {
  readonly content: Uint8Array;
  /** The package whose script it is; `undefined`: not a package's script */
  readonly installed: InstalledPackage | undefined;
}

/**
 * Applies the effect of a program with this content, under the same conditions as applyKnownScript.
 * @returns the reason why it was not applied, with the root unchanged; `undefined` when it was
 */
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
