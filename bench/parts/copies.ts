import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { compare, NOTHING, type Run } from '../lib/measure.ts';
import { onRegistry } from '../lib/on-registry.ts';
import { SECOND } from '../lib/push-images.ts';
import { prepareApk, type RealApk } from '../lib/real-apk.ts';
import { findTool, skopeoMemory, type Tool, toolAt } from '../lib/tools.ts';
import {
  beginPart,
  compose,
  fresh,
  ROUNDS,
  type Row,
  record,
  recordBaseline,
  work,
} from '../lib/workbench.ts';

const CACHE = 'copies';
const COLD_CACHE = 'copies-cold';
const TAGS = 200;
const FROM_HTTP = '--src-tls-verify=false';
const TO_HTTP = '--dest-tls-verify=false';

interface Rig {
  /** OCI layout folder and the same image as a tar */
  readonly layout: string;
  readonly tar: string;
  readonly name: string;
  readonly skopeo: Tool | undefined;
  readonly umoci: Tool | undefined;
  readonly crane: Tool | undefined;
  /** Words for a first compose from folders */
  readonly source: readonly string[];
}

/** One image as files and in a registry: made, copied and looked at. `data`: the folder of the Alpine data */
export async function copies(data: string): Promise<void> {
  beginPart('Copying and reading images');
  const folders = ['v3.19-iso/x86_64', 'v3.19-pool/x86_64'].map((name) => join(data, name));
  const keys = join(data, 'keys');
  const rig = prepare(folders, keys);
  const tools = { tools: folders, repositories: folders, keys };
  asLayout(rig, prepareApk(tools, join(work, 'copies-apk')));
  asFiles(rig);
  await onRegistry(({ registry }) => inRegistry(rig, registry.host));
}

function prepare(folders: readonly string[], keys: string): Rig {
  const source = [
    ...['--distro', 'alpine', '--arch', 'x86_64', '--keyring', keys, '--allow-untrusted', '-t', 'bench:1'],
    ...folders.flatMap((folder) => ['--repo', folder]),
  ];
  const [layout, tar] = [join(work, 'copies-layout'), join(work, 'copies.tar')];
  compose(CACHE, ...SECOND, ...source, '-o', tar);
  compose(CACHE, ...SECOND, ...source, '--format', 'oci-dir', '-o', layout);
  const [skopeo, umoci, crane] = [findTool('skopeo'), findTool('umoci'), findTool('crane')];
  return {
    layout,
    tar,
    name: 'bench:1',
    skopeo:
      skopeo === undefined
        ? undefined
        : toolAt(skopeo, ['--insecure-policy'], skopeoMemory(join(work, 'copies-skopeo'))),
    umoci: umoci === undefined ? undefined : toolAt(umoci),
    crane: crane === undefined ? undefined : toolAt(crane),
    source,
  };
}

/** Without a composer: an installed root, packed as one layer */
function asLayout({ umoci, source }: Rig, apk: RealApk | undefined): void {
  const [theirs, out] = [join(work, 'copies-umoci'), join(work, 'copies-out')];
  const packed = (): Run => {
    if (umoci === undefined || apk === undefined) return NOTHING;
    rmSync(theirs, { recursive: true, force: true });
    return total([
      apk.add(SECOND),
      umoci('init', '--layout', theirs),
      umoci('new', '--image', `${theirs}:1`),
      umoci('insert', '--image', `${theirs}:1`, apk.root, '/'),
    ]);
  };
  const ours = (cache: string): Run => {
    rmSync(out, { recursive: true, force: true });
    return compose(cache, ...SECOND, ...source, '--format', 'oci-dir', '-o', out);
  };
  besides('64 packages from folders to an OCI layout', {
    'apk add, umoci insert': packed,
    'compose, cold': () => {
      fresh(COLD_CACHE);
      return ours(COLD_CACHE);
    },
    'compose, warm': () => ours(CACHE),
  });
}

function asFiles({ layout, tar, skopeo, umoci, name }: Rig): void {
  const to = (path: string, copy: (path: string) => Run | undefined) => (): Run => {
    rmSync(path, { recursive: true, force: true });
    return copy(path) ?? NOTHING;
  };
  const [out, outTar] = [join(work, 'copies-to'), join(work, 'copies-to.tar')];
  besides('an OCI layout to a tar', {
    'skopeo copy to oci-archive': to(outTar, (path) =>
      skopeo?.('copy', '-q', `oci:${layout}`, `oci-archive:${path}`),
    ),
    'skopeo copy to docker-archive': to(outTar, (path) =>
      skopeo?.('copy', '-q', `oci:${layout}`, `docker-archive:${path}`),
    ),
    'compose cp': to(outTar, (path) => compose(CACHE, 'cp', layout, path)),
  });
  besides('a tar to an OCI layout', {
    'skopeo copy': to(out, (path) => skopeo?.('copy', '-q', `oci-archive:${tar}`, `oci:${path}`)),
    'compose cp': to(out, (path) => compose(CACHE, 'cp', tar, path)),
  });
  besides('an OCI layout to another', {
    'skopeo copy': to(out, (path) => skopeo?.('copy', '-q', `oci:${layout}`, `oci:${path}`)),
    'compose cp': to(out, (path) => compose(CACHE, 'cp', layout, path)),
  });
  besides('an OCI layout, looked at', {
    'skopeo inspect': () => skopeo?.('inspect', `oci:${layout}`) ?? NOTHING,
    'umoci stat': () => umoci?.('stat', '--image', `${layout}:${name}`) ?? NOTHING,
    'compose inspect': () => compose(CACHE, 'inspect', layout),
  });
}

function inRegistry({ layout, skopeo, crane }: Rig, host: string): void {
  const image = `${host}/team/app:1`;
  compose(CACHE, 'push', layout, image);
  for (let at = 2; at <= TAGS; at += 1) crane?.('tag', '--insecure', image, String(at));
  const out = join(work, 'copies-pulled');
  const pulled = (pull: () => Run | undefined) => (): Run => {
    rmSync(out, { recursive: true, force: true });
    return pull() ?? NOTHING;
  };
  besides('pulled into an OCI layout', {
    'skopeo copy': pulled(() => skopeo?.('copy', '-q', FROM_HTTP, `docker://${image}`, `oci:${out}`)),
    'crane pull': pulled(() => crane?.('pull', '--insecure', '--format=oci', image, out)),
    'compose pull, cold': pulled(() => {
      fresh(COLD_CACHE);
      return compose(COLD_CACHE, 'pull', image, '--format', 'oci-dir', '-o', out);
    }),
    'compose pull, warm': pulled(() => compose(CACHE, 'pull', image, '--format', 'oci-dir', '-o', out)),
  });
  let count = 0;
  const promoted = (copy: (to: string) => Run | undefined) => (): Run => {
    count += 1;
    return copy(`${host}/promoted-${count}/app:1`) ?? NOTHING;
  };
  besides('promoted to another repository of the registry', {
    'skopeo copy': promoted((to) =>
      skopeo?.('copy', '-q', FROM_HTTP, TO_HTTP, `docker://${image}`, `docker://${to}`),
    ),
    'crane copy': promoted((to) => crane?.('copy', '--insecure', image, to)),
    'compose cp': promoted((to) => compose(CACHE, 'cp', image, to)),
  });
  besides('an image in a registry, looked at', {
    'skopeo inspect': () => skopeo?.('inspect', '--tls-verify=false', `docker://${image}`) ?? NOTHING,
    'crane manifest': () => crane?.('manifest', '--insecure', image) ?? NOTHING,
    'compose inspect': () => compose(CACHE, 'inspect', image),
  });
  const repository = `${host}/team/app`;
  besides(crane === undefined ? 'the tag of a repository' : `${TAGS} tags of a repository`, {
    'skopeo list-tags': () =>
      skopeo?.('list-tags', '--tls-verify=false', `docker://${repository}`) ?? NOTHING,
    'crane ls': () => crane?.('ls', '--insecure', repository) ?? NOTHING,
    'compose tags': () => compose(CACHE, 'tags', repository),
  });
}

/** Rows of the tools, which are baselines, and ours, which say how they compare. */
function besides(what: string, commands: Readonly<Record<string, () => Run>>): void {
  const runs = Object.entries(compare(ROUNDS, commands)).filter(([, { seconds }]) => !Number.isNaN(seconds));
  const isOurs = (name: string): boolean => name.startsWith('compose');
  const theirs = runs.filter(([name]) => !isOurs(name));
  for (const [name, run] of runs) {
    if (isOurs(name)) record({ what: `${what}: ${name}`, ...run, ...verdict(run, theirs) });
    else recordBaseline(`${what}: ${name}`, run);
  }
}

function verdict(run: Run, theirs: readonly (readonly [string, Run])[]): Pick<Row, 'target' | 'holds'> {
  const ratios = theirs.map(([name, { seconds }]) => `${(run.seconds / seconds).toFixed(2)} × ${name}`);
  return { target: ['none, for information', ...ratios].join('; '), holds: true };
}

const total = (runs: readonly Run[]): Run => ({
  seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0),
  cpuSeconds: runs.reduce((sum, { cpuSeconds = 0 }) => sum + cpuSeconds, 0),
  peakMiB: Math.max(...runs.map(({ peakMiB }) => peakMiB)),
});
