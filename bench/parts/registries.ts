import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry } from '../../test/fixtures/registries.ts';
import { type CountingProxy, startCountingProxy, type Traffic } from '../lib/counting-proxy.ts';
import { compare, type Run } from '../lib/measure.ts';
import { otherPushers, type Push, recallMemory, saveMemory } from '../lib/pushers.ts';
import { beginPart, compose, ROUNDS, record, recordBaseline, work } from '../lib/workbench.ts';

/** Of the part about images; the second image shares all but the install layer with the first. */
const SECOND = ['alpine-base', 'git', 'make', 'binutils', 'musl-dev', 'jq', 'openssh'];
const FIRST = [...SECOND, 'chrony'];
const CACHE = 'registries';

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
  const endings: (() => void | Promise<void>)[] = [];
  try {
    const registry = await startRegistry({
      after: (ending) => endings.push(ending),
      diagnostic: (message) => console.log(message),
    });
    if (registry === undefined) return;
    const proxy = await startCountingProxy(registry.url);
    endings.push(() => proxy.stop());
    const others = otherPushers();
    const rig = { host: registry.host, proxy, data: registry.folder, images: composeImages(data), others };
    await cold(rig);
    for (const host of [rig.host, proxy.host]) seed(rig, host);
    await secondImage(rig);
    await again(rig);
  } finally {
    for (const ending of endings.reverse()) await ending();
  }
}

interface Images {
  /** OCI layout folders */
  readonly first: string;
  readonly second: string;
  /** What of the second is not in the first: install layer, config and manifest */
  readonly newBytes: number;
  /** Of the first */
  readonly layers: number;
  /** Composes and pushes, without a file */
  composeAndPush(packages: readonly string[], reference: string, ...options: readonly string[]): Run;
}

function composeImages(data: string): Images {
  const folders = ['v3.19-iso/x86_64', 'v3.19-pool/x86_64'].flatMap((name) => ['--repo', join(data, name)]);
  const source = [
    ...['--distro', 'alpine', '--arch', 'x86_64', ...folders],
    ...['--keyring', join(data, 'keys'), '--allow-untrusted'],
  ];
  const [first, second] = ([FIRST, SECOND] as const).map((packages, at) => {
    const folder = join(work, `registries-image-${at}`);
    compose(CACHE, ...packages, ...source, '--format', 'oci-dir', '-o', folder);
    return folder;
  }) as [string, string];
  saveMemory(CACHE, 'nothing');
  const blobs = (folder: string): readonly string[] => readdirSync(join(folder, 'blobs/sha256'));
  const known = new Set(blobs(first));
  return {
    first,
    second,
    newBytes: blobs(second)
      .filter((name) => !known.has(name))
      .reduce((sum, name) => sum + statSync(join(second, 'blobs/sha256', name)).size, 0),
    // Config and manifest are files there too.
    layers: known.size - 2,
    composeAndPush: (packages, reference, ...options) =>
      compose(CACHE, ...packages, ...source, '--push', reference, ...options),
  };
}

const composePush = (folder: string, reference: string, ...options: readonly string[]): Run =>
  compose(CACHE, 'push', folder, reference, ...options);

async function cold(rig: Rig): Promise<void> {
  const { images, data, others } = rig;
  const { first, layers } = images;
  const prepare = (host: string): string => {
    rmSync(join(data, 'docker'), { recursive: true, force: true });
    recallMemory(CACHE, 'nothing');
    return `${host}/cold/app:1`;
  };
  const measured = await measure(rig, prepare, {
    ...pushesOf(others, first),
    'compose push': (reference) => composePush(first, reference),
    'compose PKG… --push': (reference) => images.composeAndPush(FIRST, reference),
  });
  report(rig, measured, {
    what: `a first image, ${layers} layers, into an empty registry`,
    target: `≤ 2 requests a layer (${2 * layers}, and 6 for config and manifest)`,
    holds: ({ traffic }) => traffic.requests.length <= 2 * layers + 6,
  });
}

/** A registry with the first image, and a package store with its packages. */
function seed({ images, others }: Rig, host: string): void {
  const name = host.split(':').at(-1);
  recallMemory(CACHE, 'nothing');
  composePush(images.first, `${host}/store-${name}/app:1`, '--store', `${host}/packages`);
  recallMemory(CACHE, 'nothing');
  composePush(images.first, `${host}/first-${name}/app:1`);
  others['skopeo copy']?.(images.first, `${host}/skopeo-${name}/app:1`);
  saveMemory(CACHE, host);
}

async function secondImage(rig: Rig): Promise<void> {
  const { images, others } = rig;
  const { second, newBytes } = images;
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
    what: 'a second image, all packages shared, into the same repository',
    target: `≤ ${newBytes} B: install layer, config, manifest`,
    holds: sentLittle,
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
    what: 'the same into another repository, mounted from where it was pushed before',
    target: `≤ ${newBytes} B, ≤ 0.5 s`,
    holds: quick,
  });

  const store = (reference: string): string[] => ['--store', `${reference.split('/')[0]}/packages`];
  const stored = await measure(
    rig,
    (host) => {
      recallMemory(CACHE, 'nothing');
      return `${newName(host)}:1`;
    },
    {
      'compose push --store': (reference) => composePush(second, reference, ...store(reference)),
      'compose PKG… --push --store': (reference) =>
        images.composeAndPush(SECOND, reference, ...store(reference)),
    },
  );
  report(rig, stored, {
    what: "the same of a machine that never pushed, mounted from the team's package store",
    target: `≤ ${newBytes} B, ≤ 0.5 s`,
    holds: quick,
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
    what: 'the first image again, unchanged',
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
