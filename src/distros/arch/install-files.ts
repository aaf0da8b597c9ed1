import { encodePath } from '../../model/path-bytes.ts';
import type { GeneratedFile, InstalledPackage } from '../install.ts';
import type { HookPlan } from './hooks.ts';
import { hookTargetsPath, installScript, scriptletPath, scriptletsOf } from './install-script.ts';

/** List of the steps that are done, one per line; it exists from the start, so that the script needs no tool to create it. */
const STATE_PATH = '.pkg/state';

/** Steps of an installation, with those whose effect the tree already has. */
export interface StepPlan {
  readonly plan: HookPlan;
  /** Names (stepName) of steps whose effect the tree already has */
  readonly appliedSteps: readonly string[];
  readonly pendingSteps: readonly string[];
}

/**
 * Returns the files below `/.pkg` that finish an install: `.pkg/arch/<package>/INSTALL` of every package that has one, the
 * standard input of hooks, `.pkg/install.sh`, `.pkg/manifest.json` and the list of done steps. The same input gives the same
 * bytes.
 */
export function installFiles(
  packages: readonly InstalledPackage[],
  { plan, appliedSteps, pendingSteps }: StepPlan,
): readonly GeneratedFile[] {
  const scriptlets = packages.flatMap(({ facts }) =>
    facts.scripts.map(({ content }) => ({
      path: scriptletPath(facts),
      mode: 0o644,
      content: Buffer.from(content, 'base64'),
    })),
  );
  const targets = plan.hooks
    .filter(({ hook, unsatisfied }) => hook.needsTargets && unsatisfied.length === 0)
    .map((triggered) => ({
      path: hookTargetsPath(triggered),
      mode: 0o644,
      content: Buffer.concat(triggered.targets.map((target) => encodePath(`${target}\n`))),
    }));
  return [
    ...scriptlets,
    ...targets,
    {
      path: '.pkg/install.sh',
      mode: 0o755,
      content: Buffer.from(installScript(packages, plan, pendingSteps)),
    },
    { path: '.pkg/manifest.json', mode: 0o644, content: Buffer.from(manifest(packages, plan)) },
    { path: STATE_PATH, mode: 0o644, content: Buffer.from(appliedSteps.map((step) => `${step}\n`).join('')) },
  ];
}

function manifest(packages: readonly InstalledPackage[], plan: HookPlan): string {
  const value = {
    schema: 1,
    distro: 'arch',
    packages: packages.map(({ facts, reason }) => ({
      name: facts.name,
      version: facts.version,
      architecture: facts.architecture,
      reason,
      digest: facts.digest,
      identity: facts.identity,
      scripts: scriptletsOf(facts),
    })),
    hooks: plan.hooks.map(({ hook, unsatisfied }) => ({
      name: hook.name,
      command: hook.command,
      needsTargets: hook.needsTargets,
      unsatisfied,
    })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
