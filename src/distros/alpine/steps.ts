import type { Installation, InstalledPackage, Root } from '../install.ts';
import { hookLabel } from './commit-hooks.ts';
import { applyKnownProgram, applyKnownScript, type ScriptRun } from './known-script.ts';

/** Scripts and hooks of an installation, each called when apk would run it. */
export interface ScriptSteps {
  /** Applies the script's effect to the root, or leaves the step pending. Does nothing if the package has no such script. */
  run(step: Omit<ScriptRun, 'time'>, root: Root): void;
  /** Does the same for a commit hook, given by its path. */
  hook(path: string, root: Root): void;
  /** Notes that the package's files are in the root now. */
  unpacked(installed: InstalledPackage): void;
  /** Returns whether a step was pending when the package's files were unpacked, so that a script might change their owners. */
  isLate(installed: InstalledPackage): boolean;
  result(): { readonly pendingSteps: readonly string[]; readonly appliedSteps: readonly string[] };
}

/** Words of a script that changes passwd or group */
const ABOUT_USERS = /user|group|passwd|shadow/;
const ADDS_USERS =
  /^(?:\s*(?:#[^\n]*|exit 0|(?:addgroup|adduser)\b[^\n;&|`$<>(){}]*(?:[12]?>\s*\/dev\/null|2>&1|\s)*)?(?:\n|$))+$/;

/**
 * Runs the scripts of an installation. Once a step is pending, the root is not what later steps will find, so they are left
 * pending too, except for a pre-install script that only adds users and groups, as long as no pending script mentions any.
 * @param endedWell called after each script, since a pending one is assumed to succeed
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
