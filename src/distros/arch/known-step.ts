import { decodePath } from '../../model/path-bytes.ts';
import type { InstalledPackage, Root } from '../install.ts';
import { applyDecided } from '../shared/apply-decided.ts';
import type { RootDraft } from '../shared/root-draft.ts';
import type { KnownCommand, ShellEnvironment } from '../shared/shell/command.ts';
import { FILE_COMMANDS, SHELL_BUILTINS } from '../shared/shell/commands.ts';
import { readOptions } from '../shared/shell/options.ts';
import { shellQuote } from '../shared/shell/quote.ts';
import { runShell } from '../shared/shell/run.ts';
import { undecided } from '../shared/shell/undecided.ts';
import type { TriggeredHook } from './hooks.ts';
import { runLdconfig } from './ldconfig/run-ldconfig.ts';

/** A step that pacman runs once the files of a package, or of all packages, are unpacked. */
export type InstallStep =
  | { readonly kind: 'scriptlet'; readonly installed: InstalledPackage; readonly name: string }
  | { readonly kind: 'ldconfig' }
  | { readonly kind: 'hook'; readonly hook: TriggeredHook };

const SHELL = 'usr/bin/bash';
/** Path by which libalpm calls ldconfig (trans.c) */
const LDCONFIG = '/sbin/ldconfig';
/** Folders of PATH in a shell of root; Arch has programs only in usr/bin. */
const PATH = ['usr/local/sbin', 'usr/local/bin', 'usr/sbin', 'usr/bin', 'sbin', 'bin'];

/**
 * Applies a step's effect to the root, if the whole effect follows from its text, the root and the facts of the packages.
 * @returns the reason why it was not applied, with the root unchanged; `undefined` when it was
 */
export function applyKnownStep(
  step: InstallStep,
  root: Root,
  packages: readonly InstalledPackage[],
): string | undefined {
  return applyDecided(root, (draft) => {
    if (step.kind !== 'ldconfig') return runShell(scriptOf(step, draft), [], environmentOf(draft, packages));
    runLdconfig(draft, packages, LDCONFIG);
    return 0;
  });
}

function scriptOf(step: Exclude<InstallStep, { kind: 'ldconfig' }>, draft: RootDraft): string {
  switch (step.kind) {
    case 'scriptlet': {
      const { version, scripts } = step.installed.facts;
      const script = scripts.find(({ name }) => name === 'INSTALL') ?? undecided('no .INSTALL');
      checkShell(draft);
      const functions = decodePath(Buffer.from(script.content, 'base64'));
      return `${functions}\n${step.name} ${shellQuote(version)}\n`;
    }
    case 'hook': {
      const [program = '', ...args] = step.hook.hook.command;
      if (!program.startsWith('/')) undecided('a program without a path');
      if (draft.real(program, true) !== SHELL) return [program, ...args].map(shellQuote).join(' ');
      const [option, script, ...rest] = args;
      if (option !== '-c' || script === undefined || rest.length > 0)
        undecided('a shell called in another way');
      checkShell(draft);
      return script;
    }
  }
}

function checkShell(draft: RootDraft): void {
  if (draft.real(SHELL, true) !== SHELL || draft.stat(SHELL)?.type !== 'file') undecided('no bash');
}

function environmentOf(draft: RootDraft, packages: readonly InstalledPackage[]): ShellEnvironment {
  return {
    dialect: 'bash',
    root: draft,
    path: PATH,
    builtins: SHELL_BUILTINS,
    program(real, name) {
      const called = name.slice(name.lastIndexOf('/') + 1);
      if (called === 'ldconfig') return ldconfig(packages, `/${real}`);
      return real === `usr/bin/${called}` ? FILE_COMMANDS.get(called) : undefined;
    },
  };
}

/** Returns ldconfig for the whole root: called without arguments or with `-r .`, since the root is the working directory. */
function ldconfig(packages: readonly InstalledPackage[], program: string): KnownCommand {
  return ({ args, root }) => {
    const { options, operands } = readOptions(args, '', 'r');
    const [folder = '/'] = options.values();
    if (operands.length > 0 || !/^(?:\.?\/+|\.)\.?$/.test(folder)) undecided(`ldconfig ${args.join(' ')}`);
    runLdconfig(root, packages, program);
    return { status: 0 };
  };
}
