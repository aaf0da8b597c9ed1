import type { DiffId } from '../model/digest.ts';
import type { Platform } from '../model/platform.ts';
import type { ConfigOptions } from '../model/request.ts';
import { isFile } from './root.ts';
import type { Tree } from './tree.ts';

/** Settings of an image config. */
export interface ConfigInput {
  readonly platform: Platform;
  readonly options: ConfigOptions;
  /** The distribution's PATH, and below it the distribution's shells in order of preference (absolute paths). */
  readonly path: string;
  readonly shells: readonly string[];
  /** The finished root, in which the shells are looked for. */
  readonly tree: Tree;
  /** Seconds since the epoch */
  readonly created: number;
  readonly layers: readonly { readonly diffId: DiffId; readonly createdBy: string }[];
}

/** Serialises an OCI image config (image-spec, "OCI Image Configuration"). The same input gives the same bytes. */
export function imageConfig(input: ConfigInput): Buffer {
  const { options, platform } = input;
  const created = new Date(input.created * 1000).toISOString().replace('.000Z', 'Z');
  const { entrypoint, cmd } = commandOf(input);
  const config = {
    ...(options.user === '' ? {} : { User: options.user }),
    ...(options.expose.length === 0
      ? {}
      : {
          ExposedPorts: Object.fromEntries(
            [...options.expose].sort().map((port) => [withProtocol(port), {}]),
          ),
        }),
    Env: mergeEnv([`PATH=${input.path}`], options.env),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(cmd === undefined ? {} : { Cmd: cmd }),
    ...(options.workdir === '' ? {} : { WorkingDir: options.workdir }),
    ...(Object.keys(options.labels).length === 0 ? {} : { Labels: sortKeys(options.labels) }),
  };
  return Buffer.from(
    JSON.stringify({
      created,
      architecture: platform.architecture,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      os: platform.os,
      config,
      rootfs: { type: 'layers', diff_ids: input.layers.map((layer) => layer.diffId) },
      history: input.layers.map((layer) => ({ created, created_by: layer.createdBy })),
    }),
  );
}

/** Returns the default command of a container: the requested one, else a shell. */
export function commandOf(input: Pick<ConfigInput, 'options' | 'shells' | 'tree'>): {
  readonly entrypoint: readonly string[] | undefined;
  readonly cmd: readonly string[] | undefined;
} {
  const { entrypoint, cmd } = input.options;
  return { entrypoint, cmd: cmd ?? (entrypoint === undefined ? defaultCommand(input) : undefined) };
}

/** Returns the first shell that exists in the tree; undefined if there is none. */
function defaultCommand(input: Pick<ConfigInput, 'shells' | 'tree'>): readonly string[] | undefined {
  const shell = input.shells.find((path) => isFile(input.tree, path));
  return shell === undefined ? undefined : [shell];
}

/** Merges variables; a later value replaces an earlier one in its place. */
function mergeEnv(defaults: readonly string[], given: readonly string[]): readonly string[] {
  const values = new Map<string, string>();
  for (const setting of [...defaults, ...given]) values.set(setting.split('=', 1)[0] as string, setting);
  return [...values.values()];
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

/** Returns the record with its keys in order. */
export function sortKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
