import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compose } from '../../src/app/compose.ts';
import type { DistroId } from '../../src/model/package.ts';
import type { InstallMode } from '../../src/model/request.ts';
import { request, use } from '../app/harness.ts';
import { factsOfFolder } from '../proof/trees.ts';
import type { Stage } from './allowed.ts';
import { openAlpine } from './alpine.ts';
import { openArch } from './arch.ts';
import { type Comparison, compare, type Difference, type InstalledTree } from './compare.ts';
import { ENVIRONMENT, type RealTool, runOk } from './real-tool.ts';
import type { FidelitySet } from './sets.ts';

/** Makes an OCI layout's image `a:1` into a folder. */
export type Unpack = (layout: string, root: string) => Promise<void>;

export interface CheckOptions {
  readonly install: InstallMode;
  /** Compare once scripts have run in both, by /.pkg/install.sh in ours; else as composed. */
  readonly after: boolean;
  readonly unpack: Unpack;
  /** Leaves the folders where they are. */
  readonly keep: boolean;
}

export interface Outcome extends Comparison {
  readonly set: FidelitySet;
  readonly stage: Stage;
  /** Paths of the real tool's tree */
  readonly paths: number;
  readonly folder: string;
}

/** Time of what compose generates: no package's, so that whatever has it was generated. */
const EPOCH = 1_234_567_890;

/** The real tools over one folder, each set up when it is first asked for. */
export interface Workshop {
  /** A sentence: why it is not here. */
  tool(distro: DistroId): Promise<RealTool | string>;
  /** @throws Error where the distribution's tool is not here, or a tool fails; AppError as compose */
  check(set: FidelitySet, options: CheckOptions): Promise<Outcome>;
}

export function openWorkshop(folder: string): Workshop {
  const tools = new Map<DistroId, Promise<RealTool | string>>();
  let count = 0;
  const tool: Workshop['tool'] = (distro) => {
    let opened = tools.get(distro);
    if (opened === undefined) {
      const place = join(folder, distro);
      mkdirSync(place, { recursive: true });
      opened = distro === 'alpine' ? openAlpine(place) : openArch(place);
      tools.set(distro, opened);
    }
    return opened;
  };
  return {
    tool,
    async check(set, options) {
      const real = await tool(set.distro);
      if (typeof real === 'string') throw new Error(real);
      count += 1;
      const place = join(folder, set.distro, 'roots', `${count}`);
      mkdirSync(place, { recursive: true });
      try {
        return await checkSet(set, { ...options, real, place, cache: join(folder, 'cache') });
      } finally {
        if (!options.keep) rmSync(place, { recursive: true });
      }
    },
  };
}

interface Bench extends CheckOptions {
  readonly real: RealTool;
  readonly place: string;
  readonly cache: string;
}

async function checkSet(set: FidelitySet, bench: Bench): Promise<Outcome> {
  const { install, after, place } = bench;
  const scripted = after || install === 'run';
  const stage: Stage = scripted ? 'after' : 'before';
  const theirs = await installReal(set, bench, scripted);
  const ours = await composed(set, bench);
  const found = compare(set.distro, stage, { ours, theirs });
  const outcome = { set, stage, paths: theirs.facts.size, folder: place };
  if (install !== 'static' || after) return { ...found, ...outcome };
  // What static applies is as if its script had run, what it leaves is as if none had.
  const complete = compare(set.distro, stage, { ours, theirs: await installReal(set, bench, true) });
  return { ...found, differences: inBoth(found.differences, complete.differences), ...outcome };
}

function inBoth(without: readonly Difference[], complete: readonly Difference[]): readonly Difference[] {
  const unlike = new Map(complete.map((one) => [one.path, one]));
  return without.flatMap((one) => {
    const other = unlike.get(one.path);
    if (other === undefined) return [];
    return [{ ...one, theirs: `${one.theirs} | with scripts: ${other.theirs}` }];
  });
}

async function installReal(set: FidelitySet, bench: Bench, scripts: boolean): Promise<InstalledTree> {
  const root = join(bench.place, scripts ? 'scripted' : 'plain');
  const started = Math.floor(Date.now() / 1000);
  await bench.real.install(set.packages, { scripts, root });
  return { root, facts: factsOfFolder(root), isNow: (mtime) => mtime >= started };
}

async function composed(set: FidelitySet, bench: Bench): Promise<InstalledTree> {
  const { install, after, place, cache, real } = bench;
  const layout = join(place, 'layout');
  await use({ cache }, (context) =>
    compose(
      context,
      request(set.packages, real.source, {
        tags: ['a:1'],
        install,
        // umoci reads no zstd, and what is packed anew for it need not be small.
        layerEncoding: set.distro === 'arch' ? 'none' : 'keep',
        maxLayers: 120,
        output: { path: layout, format: 'oci-dir', load: undefined },
        sourceDateEpoch: EPOCH,
      }),
    ),
  );
  const root = join(place, 'ours');
  await bench.unpack(layout, root);
  const started = Math.floor(Date.now() / 1000);
  if (after && install !== 'run') await finishInstall(root);
  return { root, facts: factsOfFolder(root), isNow: (mtime) => mtime === EPOCH || mtime >= started };
}

async function finishInstall(root: string): Promise<void> {
  // An engine's /dev has it; in a plain chroot what scripts write to it would become a file.
  const nothing = join(root, 'dev/null');
  if (!existsSync(nothing)) {
    mkdirSync(join(root, 'dev'), { recursive: true });
    await runOk('mknod', ['-m', '666', nothing, 'c', '1', '3']);
  }
  await runOk('chroot', [root, '/.pkg/install.sh'], { env: ENVIRONMENT });
}

/** Layers one over another, and no more: umoci without its bundle. */
export const umoci: Unpack = async (layout, root) => {
  await runOk('umoci', ['raw', 'unpack', '--image', `${layout}:a:1`, root]);
};
