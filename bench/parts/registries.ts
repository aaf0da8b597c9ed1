import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CountingProxy, startCountingProxy, type Traffic } from '../lib/counting-proxy.ts';
import { compare, type Run } from '../lib/measure.ts';
import { onRegistry } from '../lib/on-registry.ts';
import {
  CACHE,
  catalogOf,
  composeImages,
  FIRST,
  type Images,
  SECOND,
  storeOptions,
} from '../lib/push-images.ts';
import { otherPushers, type Push, recallMemory, saveMemory } from '../lib/pushers.ts';
import { beginPart, compose, composeWith, ROUNDS, record, recordBaseline } from '../lib/workbench.ts';

interface Rig {
  readonly host: string;
  readonly proxy: CountingProxy;
  /** All that the registry stores */
  readonly data: string;
  readonly images: Images;
  readonly others: Readonly<Record<string, Push>>;
}

type Measured = Run & { readonly traffic: Traffic };

/** Pushing to docker-registry 2.8, beside others. `data`: the folder of the Alpine data */
export async function registries(data: string): Promise<void> {
  beginPart('Pushing to a registry on loopback');
  await onRegistry(async ({ registry, after }) => {
    const proxy = await startCountingProxy(registry.url);
    after(() => proxy.stop());
    const others = otherPushers();
    const rig = { host: registry.host, proxy, data: registry.folder, images: composeImages(data), others };
    await cold(rig);
    await fill(rig);
    refused(rig);
    for (const host of [rig.host, proxy.host]) seed(rig, host);
    await secondImage(rig);
    await again(rig);
  });
}

const composePush = (folder: string, reference: string, ...options: readonly string[]): Run =>
  compose(CACHE, 'push', folder, reference, ...options);

async function cold(rig: Rig): Promise<void> {
  const { images, data, others } = rig;
  const { second, layers } = images;
  const prepare = (host: string): string => {
    rmSync(join(data, 'docker'), { recursive: true, force: true });
    recallMemory(CACHE, 'nothing');
    return `${host}/cold/app:1`;
  };
  const measured = await measure(rig, prepare, {
    ...pushesOf(others, second),
    'compose push': (reference) => composePush(second, reference),
    'compose PKG… --push': (reference) => images.composeAndPush(SECOND, reference),
  });
  report(rig, measured, {
    what: `an image of ${layers} layers into an empty registry`,
    target: `≤ 2 requests a layer (${2 * layers}, and 6 for config and manifest)`,
    holds: ({ traffic }) => traffic.requests.length <= 2 * layers + 6,
  });
}

/** An image and the packages that no store has yet, through an empty store. */
async function fill(rig: Rig): Promise<void> {
  const { second, layers } = rig.images;
  let count = 0;
  const prepare = (host: string): string => {
    rmSync(join(rig.data, 'docker'), { recursive: true, force: true });
    recallMemory(CACHE, 'nothing');
    return `${host}/fill-${count++}/app:1`;
  };
  const measured = await measure(rig, prepare, {
    'compose push --store': (reference) => composePush(second, reference, ...storeOptions(reference)),
  });
  report(rig, measured, {
    what: `an image of ${layers} layers into an empty registry with a package store`,
    target: `≤ 3 requests a layer (${3 * layers})`,
    holds: ({ traffic }) => traffic.requests.length <= 3 * layers,
  });
}

/** Nobody listens on the port: told at once. */
function refused({ images }: Rig): void {
  const one = compare(ROUNDS, {
    refused: () => composeWith({ cache: CACHE, mayFail: true }, 'push', images.second, '127.0.0.1:9/app:1'),
  }).refused;
  record({
    ...one,
    what: 'push to a registry that refuses connections',
    target: '< 1 s',
    holds: one.seconds < 1,
  });
}

/** The first image in the registry, its packages in a package store, what is known of them as a catalog. */
function seed({ images, others }: Rig, host: string): void {
  const name = host.split(':').at(-1);
  recallMemory(CACHE, 'nothing');
  const stored = `${host}/store-${name}/app:1`;
  composePush(images.first, stored, ...storeOptions(stored));
  compose(CACHE, 'catalog', 'push', catalogOf(host));
  recallMemory(CACHE, 'nothing');
  composePush(images.first, `${host}/first-${name}/app:1`);
  others['skopeo copy']?.(images.first, `${host}/skopeo-${name}/app:1`);
  saveMemory(CACHE, host);
}

async function secondImage(rig: Rig): Promise<void> {
  const { images, others } = rig;
  const { second, newBytes, manifestBytes } = images;
  let count = 0;
  const newName = (host: string): string => `${host}/team-${count++}/app`;
  const sentLittle = ({ traffic }: Measured): boolean => traffic.sentBytes <= newBytes;

  const shared = await measure(
    rig,
    (host) => {
      recallMemory(CACHE, host);
      const name = newName(host);
      composePush(images.first, `${name}:1`);
      return `${name}:2`;
    },
    {
      ...pushesOf(others, second),
      'compose push': (reference) => composePush(second, reference),
    },
  );
  report(rig, shared, {
    what: 'the image into a repository that has another with its packages',
    target: `≤ ${newBytes + manifestBytes} B: install layer, config, manifest twice; ≤ 10 requests`,
    holds: ({ traffic }) => traffic.sentBytes <= newBytes + manifestBytes && traffic.requests.length <= 10,
  });

  const mounted = await measure(
    rig,
    (host) => {
      recallMemory(CACHE, host);
      return `${newName(host)}:1`;
    },
    {
      ...pushesOf(others, second),
      'compose push': (reference) => composePush(second, reference),
      'compose PKG… --push': (reference) => images.composeAndPush(SECOND, reference),
    },
  );
  const quick = (one: Measured): boolean => sentLittle(one) && one.seconds <= 0.5;
  report(rig, mounted, {
    what: 'the image into another repository, packages mounted from where they were pushed before',
    target: `≤ ${newBytes} B, ≤ 0.5 s`,
    holds: quick,
  });

  const stored = await measure(
    rig,
    (host) => {
      recallMemory(CACHE, 'nothing');
      return `${newName(host)}:1`;
    },
    {
      'compose push --store': (reference) => composePush(second, reference, ...storeOptions(reference)),
      'compose PKG… --push --store': (reference) =>
        images.composeAndPush(SECOND, reference, ...storeOptions(reference)),
    },
  );
  report(rig, stored, {
    what: "the image from a machine that never pushed, packages mounted from the team's package store",
    target: `≤ ${newBytes} B, ≤ 0.5 s`,
    holds: quick,
  });

  const afresh = await measure(rig, (host) => `${newName(host)}:1`, {
    'compose catalog pull, compose PKG… --push --store': images.composeAfresh,
  });
  report(rig, afresh, {
    what: 'the image from a machine with an empty cache and no package within reach',
    target: `≤ ${newBytes} B`,
    holds: sentLittle,
  });
}

async function again(rig: Rig): Promise<void> {
  const { images, others } = rig;
  const prepare = (host: string): string => {
    recallMemory(CACHE, host);
    return `${host}/first-${host.split(':').at(-1)}/app:1`;
  };
  const measured = await measure(rig, prepare, {
    ...pushesOf(others, images.first),
    'compose push': (reference) => composePush(images.first, reference),
    'compose PKG… --push': (reference) => images.composeAndPush(FIRST, reference),
  });
  report(rig, measured, {
    what: 'an image again, unchanged',
    target: '≤ 1 HEAD',
    holds: ({ traffic: { requests } }) =>
      requests.length <= 1 && requests.every((one) => one.startsWith('HEAD ')),
  });
}

type Pushes = Readonly<Record<string, (reference: string) => Run>>;

const pushesOf = (others: Rig['others'], folder: string): Pushes =>
  Object.fromEntries(
    Object.entries(others).map(([name, push]) => [name, (reference: string) => push(folder, reference)]),
  );

/**
 * Times each push without the proxy, and counts it through the proxy once more. `prepare` brings registry and memories to
 * where they are to be before a push to that host, and says to which reference.
 */
async function measure(
  { host, proxy }: Rig,
  prepare: (host: string) => string,
  pushes: Pushes,
): Promise<ReadonlyMap<string, Measured>> {
  const timed = compareAfter(() => prepare(host), pushes);
  const measured = new Map<string, Measured>();
  for (const [name, push] of Object.entries(pushes)) {
    const reference = prepare(proxy.host);
    await proxy.take();
    push(reference);
    measured.set(name, { ...(timed[name] as Run), traffic: await proxy.take() });
  }
  return measured;
}

function compareAfter(prepare: () => string, pushes: Pushes): Readonly<Record<string, Run>> {
  return compare(
    ROUNDS,
    Object.fromEntries(Object.entries(pushes).map(([name, push]) => [name, () => push(prepare())])),
  );
}

interface Asked {
  readonly what: string;
  readonly target: string;
  holds(ours: Measured): boolean;
}

/** Our rows, after those of the others in the same rounds. */
function report(
  { others }: Rig,
  measured: ReadonlyMap<string, Measured>,
  { what, target, holds }: Asked,
): void {
  const theirs = Object.keys(others).filter((name) => measured.has(name));
  for (const [name, one] of measured) {
    const row = `${what}: ${name}, ${trafficText(one.traffic)}`;
    if (theirs.includes(name)) {
      recordBaseline(row, one);
      continue;
    }
    const ratios = theirs.map((other) => {
      const ratio = one.seconds / (measured.get(other) as Measured).seconds;
      return `${ratio.toFixed(2)} of ${other}`;
    });
    record({ ...one, what: row, target: [target, ...ratios].join('; '), holds: holds(one) });
  }
}

function trafficText({ requests, sentBytes, receivedBytes, connections }: Traffic): string {
  return `${requests.length} requests on ${connections} connections, ${sentBytes} B sent, ${receivedBytes} B received`;
}
