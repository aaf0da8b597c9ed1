import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../../src/app/compose/compose.ts';
import type { InstallMode } from '../../src/model/request.ts';
import { request, use } from '../app/harness.ts';
import { factsOfFolder } from '../proof/trees.ts';
import type { Stage } from './allowed.ts';
import { openAlpine } from './alpine.ts';
import { openArch } from './arch.ts';
import { type Comparison, compare, type Difference, type InstalledTree } from './compare.ts';
import type { RealDistro } from './real-tool.ts';
import { type RealTool, run, type Scripts, withDevNull } from './real-tool.ts';
import type { FidelitySet } from './sets.ts';
import { IMAGE, type Unpacker, umoci } from './unpack.ts';

export interface CheckOptions {
  readonly install: InstallMode;
  /** Compare once scripts have run in both, by /.pkg/install.sh in ours; else as composed. */
  readonly after: boolean;
  readonly unpacker: Unpacker;
  /** Leaves the image's tree where it is until the set is closed. */
  readonly keep: boolean;
}

export interface Outcome extends Comparison {
  readonly set: FidelitySet;
  readonly stage: Stage;
  /** Paths of the real tool's tree */
  readonly paths: number;
}

/** Time of what compose generates: no package's, so that whatever has it was generated. */
const EPOCH = 1_234_567_890;

/** Sets checked at once: unpacking keeps one core busy, comparing another. */
export const CONCURRENCY = 2;
/** What the largest two sets at once need, twice over. */
const MIN_FREE_BYTES = 8 * 2 ** 30;

/** A new folder; in memory where there is room and what is in it may be run and be a device: twice as fast. */
export function workFolder(): string {
  const mounts = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8') : '';
  const options = /^\S+ \/dev\/shm tmpfs (\S+)/m.exec(mounts)?.[1];
  const fits =
    options !== undefined && !/\b(nodev|noexec|nosuid|ro)\b/.test(options) && freemem() > MIN_FREE_BYTES;
  return mkdtempSync(join(fits ? '/dev/shm' : tmpdir(), 'pkgcompose-fidelity-'));
}

type Openers = Readonly<Record<RealDistro, (folder: string) => Promise<RealTool | string>>>;

const OPENERS: Openers = { alpine: openAlpine, arch: openArch };

/** The real tools over one folder, each set up when it is first asked for. */
export interface Workshop {
  /** A sentence: why it is not here. */
  tool(distro: RealDistro): Promise<RealTool | string>;
  /** @throws Error where the distribution's tool is not here */
  open(set: FidelitySet): Promise<SetBench>;
}

/** One set; what the real tool leaves is made once. */
export interface SetBench {
  readonly folder: string;
  /** @throws Error when a tool fails; AppError as compose */
  check(options: CheckOptions): Promise<Outcome>;
  /** Removes its folder. */
  close(): void;
}

/** @param openers in place of a distribution's usual tool */
export function openWorkshop(folder: string, openers: Partial<Openers> = {}): Workshop {
  const opener = { ...OPENERS, ...openers };
  const tools = new Map<RealDistro, Promise<RealTool | string>>();
  let count = 0;
  const tool: Workshop['tool'] = (distro) => {
    let opened = tools.get(distro);
    if (opened === undefined) {
      const place = join(folder, distro);
      mkdirSync(place, { recursive: true });
      opened = opener[distro](place);
      tools.set(distro, opened);
    }
    return opened;
  };
  return {
    tool,
    async open(set) {
      const real = await tool(set.distro);
      if (typeof real === 'string') throw new Error(real);
      count += 1;
      const place = join(folder, set.distro, 'roots', `${count}`);
      mkdirSync(place, { recursive: true });
      return openSet(set, { real, place, cache: join(folder, 'cache') });
    },
  };
}

interface Place {
  readonly real: RealTool;
  readonly place: string;
  readonly cache: string;
}

function openSet(set: FidelitySet, at: Place): SetBench {
  const installed = new Map<Scripts, Promise<InstalledTree>>();
  const theirs = (scripts: Scripts): Promise<InstalledTree> => {
    const known = installed.get(scripts) ?? installReal(set, at, scripts);
    installed.set(scripts, known);
    return known;
  };
  let count = 0;
  return {
    folder: at.place,
    close: () => rmSync(at.place, { recursive: true }),
    async check(options) {
      count += 1;
      const place = join(at.place, `image${count}`);
      mkdirSync(place);
      const ours = await composed(set, { ...at, place }, options);
      try {
        return await compareWith(theirs, { set, ours, options });
      } finally {
        if (!options.keep) rmSync(place, { recursive: true });
      }
    },
  };
}

async function compareWith(
  theirs: (scripts: Scripts) => Promise<InstalledTree>,
  { set, ours, options }: { set: FidelitySet; ours: InstalledTree; options: CheckOptions },
): Promise<Outcome> {
  const { install, after } = options;
  const stage: Stage = after ? 'after' : install;
  const real = await theirs(stage === 'run' ? 'mounted' : stage === 'after' ? 'bare' : 'none');
  const found = { ...compare(set.distro, stage, { ours, theirs: real }), set, stage, paths: real.facts.size };
  if (stage !== 'static' || found.differences.length === 0) return found;
  // What static applies is as if its script had run, what it leaves is as if none had.
  const complete = compare(set.distro, stage, { ours, theirs: await theirs('bare') });
  return { ...found, differences: inBoth(found.differences, complete.differences) };
}

function inBoth(without: readonly Difference[], complete: readonly Difference[]): readonly Difference[] {
  const unlike = new Map(complete.map((one) => [one.path, one]));
  return without.flatMap((one) => {
    const other = unlike.get(one.path);
    return other === undefined ? [] : [{ ...one, theirs: `${one.theirs}; with scripts: ${other.theirs}` }];
  });
}

async function installReal(set: FidelitySet, at: Place, scripts: Scripts): Promise<InstalledTree> {
  const root = join(at.place, `scripts-${scripts}`);
  const since = seconds();
  const status = await at.real.install(set.packages, { scripts, root });
  return { root, facts: factsOfFolder(root), status, since, epoch: since };
}

async function composed(set: FidelitySet, at: Place, options: CheckOptions): Promise<InstalledTree> {
  const { install, after, unpacker } = options;
  const image = join(at.place, 'image');
  const { left } = await use({ cache: at.cache }, (context) =>
    compose(
      context,
      request(set.packages, at.real.source, {
        tags: [IMAGE],
        install,
        // What has to be packed anew for umoci need not be small.
        layerEncoding: unpacker === umoci && set.distro === 'arch' ? 'none' : unpacker.encoding,
        output: { path: image, format: unpacker.format, load: undefined },
        sourceDateEpoch: EPOCH,
      }),
    ),
  );
  const root = join(at.place, 'root');
  await unpacker.unpack(image, root);
  const since = seconds();
  const status = after && left.length > 0 ? await withDevNull(root, () => finishInstall(root)) : 0;
  return { root, facts: factsOfFolder(root), status, since, epoch: EPOCH };
}

/** @returns the exit status of /.pkg/install.sh */
async function finishInstall(root: string): Promise<number> {
  const { status, stderr } = await run('chroot', [root, '/.pkg/install.sh']);
  if (status > 1) throw new Error(`/.pkg/install.sh: exit code ${status}\n${stderr}`);
  return status;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
