import type { GeneratedFile, InstalledPackage } from '../install.ts';
import { installScript } from './install-script.ts';
import { triggerRuns, triggersOf } from './triggers.ts';

/** Lines of the steps that are done; empty in the layer, so that the script needs no tool to make it. */
export const STATE_PATH = '.pkg/state';

/**
 * `.pkg/alpine/<package>/<script>` for every script, `.pkg/install.sh`, `.pkg/manifest.json` and the list of done
 * steps. Deterministic: package order is the install order, everything else follows it.
 */
export function installFiles(packages: readonly InstalledPackage[]): readonly GeneratedFile[] {
  const scripts = packages.flatMap((entry) =>
    entry.facts.scripts.map((script) => ({
      path: scriptPath(entry, script.name),
      mode: 0o755,
      content: Buffer.from(script.content, 'base64'),
    })),
  );
  const runs = triggerRuns(packages);
  return [
    ...scripts,
    { path: '.pkg/install.sh', mode: 0o755, content: Buffer.from(installScript(packages, runs)) },
    { path: '.pkg/manifest.json', mode: 0o644, content: Buffer.from(manifest(packages, runs)) },
    { path: STATE_PATH, mode: 0o644, content: Buffer.alloc(0) },
  ];
}

/** No leading slash. Package names are single path components: the archive reader refuses others. */
export function scriptPath(entry: InstalledPackage, script: string): string {
  return `.pkg/alpine/${entry.facts.name}/${script}`;
}

function manifest(packages: readonly InstalledPackage[], runs: ReturnType<typeof triggerRuns>): string {
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
