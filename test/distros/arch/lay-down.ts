import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { planHooks } from '../../../src/distros/arch/hooks.ts';
import { installFiles, type StepPlan } from '../../../src/distros/arch/install-files.ts';
import type { GeneratedFile, InstalledPackage } from '../../../src/distros/install.ts';
import { tempDir } from '../../fixtures/temp.ts';

export function filesOf(
  packages: readonly InstalledPackage[],
  steps: Pick<StepPlan, 'appliedSteps' | 'pendingSteps'> = { appliedSteps: [], pendingSteps: [] },
): readonly GeneratedFile[] {
  return installFiles(packages, { plan: planHooks(packages), ...steps });
}

/** Puts the files below a folder, with every absolute path of the script moved there. @returns the folder */
export function layDown(
  t: { after(fn: () => void): void },
  packages: readonly InstalledPackage[],
  steps?: Pick<StepPlan, 'appliedSteps' | 'pendingSteps'>,
): string {
  const root = tempDir(t);
  for (const file of filesOf(packages, steps)) {
    const path = join(root, file.path);
    mkdirSync(dirname(path), { recursive: true });
    const text = Buffer.from(file.content).toString();
    const isScript = file.path === '.pkg/install.sh';
    const moved = text
      .replaceAll('/.pkg/', `${root}/.pkg/`)
      .replace('cd / ||', `cd ${root} ||`)
      .replaceAll('/tmp;', `${root}/tmp;`)
      .replace('-e /tmp', `-e ${root}/tmp`)
      .replaceAll('/sbin/ldconfig', `${root}/sbin/ldconfig`)
      .replaceAll('/etc/ld.so.conf', `${root}/etc/ld.so.conf`);
    writeFileSync(path, isScript ? moved : file.content);
    chmodSync(path, file.mode);
  }
  return root;
}

export function runScript(root: string): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [join(root, '.pkg/install.sh')], {
    encoding: 'utf8',
    input: 'not for scriptlets',
    env: { PATH: process.env.PATH ?? '', BASH_ENV: '/nonexistent' },
  });
  return { status, out: stdout, err: stderr };
}
