import type { FileEntry } from '../../model/file-entry.ts';
import type { DirectoryOwnership, GeneratedFile, InstalledPackage } from '../install.ts';
import { installScript } from './install-script.ts';
import { type TriggerRun, triggersOf } from './triggers.ts';

/** List of the steps that are done, one per line. */
const STATE_PATH = '.pkg/state';

/** Input for the files below `/.pkg`. */
export interface InstallFilesInput {
  /** In install order */
  readonly packages: readonly InstalledPackage[];
  readonly runs: readonly TriggerRun[];
  /** Paths of commit hooks, in apk's order */
  readonly hooks: readonly string[];
  /** Steps that `/.pkg/install.sh` has to run: `busybox-1.36.1-r15.trigger` */
  readonly pendingSteps: readonly string[];
  readonly appliedSteps: readonly string[];
  /** Interpreter of install.sh: `/bin/sh` */
  readonly shell: string;
  /** Folder that apk makes for itself when it runs a script; empty: none */
  readonly scriptFolder: string;
  /** Returns entries whose owner or group a pending step might create or change. */
  late(installed: InstalledPackage): readonly LateEntry[];
}

/** An entry of a package, with the numeric owner that it has until the pending steps have run. */
export interface LateEntry extends Pick<DirectoryOwnership, 'uid' | 'gid'> {
  readonly entry: FileEntry;
}

/**
 * Returns the files below `/.pkg` that finish an install: `.pkg/alpine/<package>/<script>` for every script, `.pkg/install.sh`,
 * `.pkg/manifest.json` and the list of done steps, all in install order. The same input gives the same bytes.
 */
export function installFiles(input: InstallFilesInput): readonly GeneratedFile[] {
  const { packages, appliedSteps } = input;
  const scripts = packages.flatMap((entry) =>
    entry.facts.scripts.map((script) => ({
      path: scriptPath(entry, script.name),
      mode: 0o755,
      content: Buffer.from(script.content, 'base64'),
    })),
  );
  return [
    ...scripts,
    { path: '.pkg/install.sh', mode: 0o755, content: Buffer.from(installScript(input)) },
    { path: '.pkg/manifest.json', mode: 0o644, content: Buffer.from(manifest(input)) },
    { path: STATE_PATH, mode: 0o644, content: Buffer.from(appliedSteps.map((step) => `${step}\n`).join('')) },
  ];
}

/**
 * Returns the path of a script, without a leading slash. Package names are single path components: the archive reader refuses
 * others.
 */
function scriptPath(entry: InstalledPackage, script: string): string {
  return `.pkg/alpine/${entry.facts.name}/${script}`;
}

function manifest({ packages, runs }: InstallFilesInput): string {
  const fired = new Map(runs.map((run) => [run.package, run.directories]));
  const value = {
    schema: 1,
    distro: 'alpine',
    packages: packages.map((entry) => ({
      name: entry.facts.name,
      version: entry.facts.version,
      architecture: entry.facts.architecture,
      reason: entry.reason,
      digest: entry.facts.digest,
      identity: entry.facts.identity,
      scripts: entry.facts.scripts.map((script) => script.name),
      triggers: triggersOf(entry),
      triggerDirectories: fired.get(entry) ?? [],
    })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
