import type { Installation, InstalledPackage, Root } from '../install.ts';
import { hookLabel } from './commit-hooks.ts';
import { applyKnownProgram, applyKnownScript, type ScriptRun } from './known-script.ts';

/** The turns of an installation's scripts and hooks, in apk's order. */
export interface ScriptSteps {
  /** The script's turn: its effect is applied to the root, or it is left. No effect without such a script. */
  run(step: Omit<ScriptRun, 'time'>, root: Root): void;
  /** The turn of a commit hook, by its path. */
  hook(path: string, root: Root): void;
  /** The package's files are in the root now. */
  unpacked(installed: InstalledPackage): void;
  /** Whether a step was left before the package's files were unpacked, so that a script might change their owners. */
  isLate(installed: InstalledPackage): boolean;
  result(): { readonly pendingSteps: readonly string[]; readonly appliedSteps: readonly string[] };
}

/** What a script that changes passwd or group says, and what one does that does nothing else. */
const ABOUT_USERS = /user|group|passwd|shadow/;
const ADDS_USERS =
  /^(?:\s*(?:#[^\n]*|exit 0|(?:addgroup|adduser)\b[^\n;&|`$<>(){}]*(?:[12]?>\s*\/dev\/null|2>&1|\s)*)?(?:\n|$))+$/;

/**
 * The turns of an installation's scripts. A step that comes after one that was left might find another root than it
 * will, so it is left too; but for a pre-install script that only adds users and groups while no left one names any.
 */
export function scriptSteps(installation: Installation, endedWell: () => void): ScriptSteps {
  const pendingSteps: string[] = [];
  const appliedSteps: string[] = [];
  const late = new Set<InstalledPackage>();
  let usersKnown = true;

  const known = (step: ScriptRun, content: string, root: Root): boolean => {
    if (installation.mode !== 'static') return false;
    const alone = step.script === 'pre-install' && usersKnown && ADDS_USERS.test(content);
    return (pendingSteps.length === 0 || alone) && applyKnownScript(step, root) === undefined;
  };

  return {
    run(step, root) {
      const { facts } = step.installed;
      const script = facts.scripts.find(({ name }) => name === step.script);
      if (!installation.scripts || script === undefined) return;
      const content = Buffer.from(script.content, 'base64').toString('latin1');
      const isDone = known({ ...step, time: installation.time }, content, root);
      (isDone ? appliedSteps : pendingSteps).push(`${facts.name}-${facts.version}.${step.script}`);
      if (!isDone && ABOUT_USERS.test(content)) usersKnown = false;
      endedWell();
    },
    hook(path, root) {
      const { type, mode = 0 } = root.stat(path) ?? {};
      const content = type === 'file' && (mode & 0o111) > 0 ? root.read(path) : undefined;
      const isDone =
        installation.mode === 'static' &&
        pendingSteps.length === 0 &&
        content !== undefined &&
        applyKnownProgram(
          { content, args: ['post-commit'], time: installation.time, installed: undefined },
          root,
        ) === undefined;
      (isDone ? appliedSteps : pendingSteps).push(hookLabel(path));
    },
    unpacked(installed) {
      if (pendingSteps.length > 0) late.add(installed);
    },
    isLate: (installed) => late.has(installed),
    result: () => ({ pendingSteps, appliedSteps }),
  };
}
