import { join } from 'node:path';
import { Curves } from '../lib/curve.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../lib/registry-process.ts';
import { addText, beginPart, catalogMiB, compose, composeWith } from '../lib/workbench.ts';

const SIZES = [100, 1_000, 10_000, 100_000];
/** `rm` asks for each tag where a registry does not delete tags: beyond it takes minutes. */
const MAX_REMOVED = 10_000;
const CACHE = 'scale-images';
const REPOSITORY = 'team/app';
/** Images pushed one by one from the same cache */
const PUSHED = 40;

/** Images in one repository of a registry: what grows with their number, and how. `data`: the folder of the Alpine data */
export async function scaleImages(data: string): Promise<void> {
  beginPart('Scale: images in a registry');
  const source = [
    ...['alpine-base', '--distro', 'alpine', '--arch', 'x86_64', '--keyring', join(data, 'keys')],
    ...['v3.19-iso/x86_64', 'v3.19-pool/x86_64'].flatMap((name) => ['--repo', join(data, name)]),
    '--allow-untrusted',
  ];
  const registry = await startMemoryRegistry();
  try {
    compose(CACHE, ...source, '--push', `${registry.host}/${REPOSITORY}:1`);
    const curves = new Curves('images');
    for (const size of SIZES) await measure(curves, size, { registry, source });
    curves.finish();
    oneByOne(registry, source);
  } finally {
    registry.stop();
  }
}

interface Rig {
  readonly registry: MemoryRegistry;
  /** Words that compose the image */
  readonly source: readonly string[];
}

async function measure(curves: Curves, size: number, { registry, source }: Rig): Promise<void> {
  const repository = `${registry.host}/${REPOSITORY}`;
  await registry.fill(REPOSITORY, size);
  const asked: Readonly<Record<string, readonly string[]>> = {
    'push of one more image': [...source, '-e', `SIZE=${size}`, '--push', `${repository}:next`],
    'the same into a new repository': [
      ...source,
      '-e',
      `SIZE=${size}`,
      '--push',
      `${registry.host}/new-${size}/app:1`,
    ],
    'inspect of one': ['inspect', `${repository}:1`],
    'cp to a new repository': ['cp', `${repository}:1`, `${registry.host}/copy-${size}/app:1`],
    tags: ['tags', repository],
  };
  for (const [what, words] of Object.entries(asked)) curves.add(what, size, compose(CACHE, ...words));
  if (size > MAX_REMOVED) return;
  // It ends with the manifest itself: the tag is the only one of it.
  const one = composeWith(
    { cache: CACHE, mayFail: true },
    'rm',
    `${repository}:r${String(size - 1).padStart(7, '0')}`,
  );
  curves.add('rm of a tag, where only manifests are deleted', size, one);
}

/** What a machine remembers of what it pushed */
function oneByOne(registry: MemoryRegistry, source: readonly string[]): void {
  const before = catalogMiB(CACHE);
  let cpuSeconds = 0;
  for (let at = 0; at < PUSHED; at += 1) {
    const words = [...source, '-e', `AT=${at}`, '--push', `${registry.host}/${REPOSITORY}:pushed-${at}`];
    cpuSeconds += compose(CACHE, ...words).cpuSeconds ?? 0;
  }
  const each = (1024 * (catalogMiB(CACHE) - before)) / PUSHED;
  addText(
    `${PUSHED} more images of the same packages, pushed one by one: ${(cpuSeconds / PUSHED).toFixed(2)} s CPU each; the catalog grows by ${each.toFixed(1)} KiB an image.`,
  );
}
