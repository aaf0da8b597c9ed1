import * as read from '../app/settings/setting-values.ts';
import { OUTPUT_FORMATS, outputOf } from '../app/settings/settings.ts';
import type {
  ArtifactFetchReport,
  ArtifactPullReport,
  ArtifactPushReport,
} from '../model/artifact-report.ts';
import type {
  CopyReport,
  InspectReport,
  LoginReport,
  LogoutReport,
  PullReport,
  RemoveReport,
  TagsReport,
} from '../model/registry.ts';
import type { OutputFormat } from '../model/request.ts';
import { USE_CASES } from '../use-cases.ts';
import * as field from './read-request.ts';
import type { ImageRequest, RegistrySettings, RunOptions } from './requests.ts';
import { run } from './run.ts';

const format = field.single((texts, where) => read.choice(OUTPUT_FORMATS, texts, where), undefined);

/**
 * Pushes an image from a file, a folder or a registry to a registry.
 * @example
 * const { pushed } = await push({ image: 'git.tar', to: 'registry.example/team/git:2' });
 */
export function push(
  request: ImageRequest & {
    /** `registry.example/team/app:1` */
    readonly to: string;
    /** Repository that holds each package once; default: `$PKGCOMPOSE_STORE` */
    readonly store?: string;
  },
  options?: RunOptions,
): Promise<CopyReport> {
  return run(USE_CASES.push, options, () =>
    field.withAccess(request, {
      image: field.text,
      platform: field.platform,
      to: field.text,
      store: field.store,
    }),
  );
}

/**
 * Pulls an image into a tar or, with all its platforms, an OCI layout folder.
 * @example
 * const { digest } = await pull({ image: 'registry.example/team/git:2', output: 'pulled.tar' });
 */
export function pull(
  request: ImageRequest & {
    /** File or folder to write; default: `out.tar`, or the folder `out` */
    readonly output?: string;
    /** One tar that every engine loads, or an OCI layout folder; default: `tar` */
    readonly format?: OutputFormat;
  },
  options?: RunOptions,
): Promise<PullReport> {
  return run(USE_CASES.pull, options, () => {
    const fields = { image: field.text, platform: field.platform, output: field.optionalPath, format };
    const { output, format: chosen, ...rest } = field.withAccess(request, fields);
    return { ...rest, output: outputOf({ output, format: chosen }) };
  });
}

/**
 * Lists the tags of a repository.
 * @example
 * const { tags: names } = await tags({ repository: 'registry.example/team/git' });
 */
export function tags(
  request: RegistrySettings & {
    /** `registry.example/team/app` */
    readonly repository: string;
  },
  options?: RunOptions,
): Promise<TagsReport> {
  return run(USE_CASES.tags, options, () => field.withAccess(request, { repository: field.text }));
}

/**
 * Returns an image's configuration, layers and packages; with `referrers`, also its signatures, SBOMs and attestations.
 * @example
 * const { configuration, layers } = await inspect({ image: 'registry.example/team/git:2' });
 */
export function inspect(
  request: ImageRequest & {
    /** Also list referrers */
    readonly referrers?: boolean;
  },
  options?: RunOptions,
): Promise<InspectReport> {
  return run(USE_CASES.inspect, options, () =>
    field.withAccess(request, { image: field.text, platform: field.platform, referrers: field.flag }),
  );
}

/**
 * Reads an image's manifest or index, byte for byte.
 * @example
 * const manifest = JSON.parse(await inspectRaw({ image: 'git.tar' }));
 */
export function inspectRaw(request: ImageRequest, options?: RunOptions): Promise<string> {
  return run(USE_CASES.inspectRaw, options, () =>
    field.withAccess(request, { image: field.text, platform: field.platform }),
  );
}

/**
 * Removes a tag, or with a digest a manifest and all its tags, from a registry, as `compose rm` does.
 * @example
 * await remove({ reference: 'registry.example/team/git:2' });
 */
export function remove(
  request: RegistrySettings & {
    /** A tag, `registry.example/team/app:1`, or with `@sha256:…` a manifest and all its tags */
    readonly reference: string;
  },
  options?: RunOptions,
): Promise<RemoveReport> {
  return run(USE_CASES.remove, options, () => field.withAccess(request, { reference: field.text }));
}

/**
 * Logs in to a registry and stores the login where docker and podman look for it.
 * @example
 * await login({ registry: 'registry.example', username: 'me', password: 'secret' });
 */
export function login(
  request: RegistrySettings & {
    /** `registry.example`, `localhost:5000`, `docker.io` */
    readonly registry: string;
    readonly username: string;
    readonly password: string;
  },
  options?: RunOptions,
): Promise<LoginReport> {
  const fields = { registry: field.text, username: field.text, password: field.text };
  return run(USE_CASES.login, options, () => field.withAccess(request, fields));
}

/**
 * Removes the login to a registry from every file and keychain that docker and podman read.
 * @example
 * const { removed } = await logout({ registry: 'registry.example' });
 */
export function logout(request: { readonly registry: string }, options?: RunOptions): Promise<LogoutReport> {
  return run(USE_CASES.logout, options, () => field.plain(request, { registry: field.text }));
}

/**
 * Stores files and folders (`FILE` or `FILE:MEDIATYPE`) in a registry as one artifact.
 * @example
 * await artifactPush({ reference: 'registry.example/dist/notes:1', files: ['notes.txt'] });
 */
export function artifactPush(
  request: RegistrySettings & {
    /** `registry.example/dist/hello:2`; with a `subject`, no tag is needed */
    readonly reference: string;
    /** `FILE` or `FILE:MEDIATYPE`; folders too */
    readonly files: string | readonly string[];
    /** Media type that says what the artifact is */
    readonly artifactType?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    /** Image or artifact in the same repository to attach it to */
    readonly subject?: string;
  },
  options?: RunOptions,
): Promise<ArtifactPushReport> {
  return run(USE_CASES.artifactPush, options, () =>
    field.withAccess(request, {
      reference: field.text,
      files: field.texts,
      artifactType: field.optionalText,
      annotations: field.pairs,
      subject: field.optionalText,
    }),
  );
}

/**
 * Saves the files of an artifact into the folder `output` (default: the working directory), each complete and verified.
 * @example
 * await artifactPull({ reference: 'registry.example/dist/notes:1', output: 'pulled' });
 */
export function artifactPull(
  request: RegistrySettings & {
    /** `registry.example/dist/hello:2` */
    readonly reference: string;
    /** Folder; default: the working directory */
    readonly output?: string;
    /** Save only the files with these names */
    readonly titles?: string | readonly string[];
    /** Platform to choose from an index: `linux/arm64` */
    readonly platform?: string;
    /** Save folders as the archives they are stored as */
    readonly noUnpack?: boolean;
    /** Never overwrite: a different file in the way is an error */
    readonly keepOldFiles?: boolean;
  },
  options?: RunOptions,
): Promise<ArtifactPullReport> {
  return run(USE_CASES.artifactPull, options, () => {
    const { noUnpack, output, ...rest } = field.withAccess(request, {
      reference: field.text,
      output: field.optionalText,
      titles: field.several(read.words),
      platform: field.platform,
      noUnpack: field.flag,
      keepOldFiles: field.flag,
    });
    return { ...rest, output: output || '.', unpack: !noUnpack };
  });
}

/**
 * Saves one file of an artifact, verified, and completely or not at all; resumes an interrupted download.
 * @example
 * await artifactFetch({ location: 'oras://registry.example/dist/notes:1/notes.txt', output: 'copy.txt' });
 */
export function artifactFetch(
  request: RegistrySettings & {
    /** `oras://REG/NAME:TAG/FILE`, or `REG/NAME@sha256:…` */
    readonly location: string;
    /** File, or folder for a file of its own name; default: the working directory */
    readonly output?: string;
    /** Platform to choose from an index: `linux/arm64` */
    readonly platform?: string;
    /** Never overwrite: a different file in the way is an error */
    readonly keepOldFiles?: boolean;
  },
  options?: RunOptions,
): Promise<ArtifactFetchReport> {
  return run(USE_CASES.artifactFetch, options, () =>
    field.withAccess(request, {
      location: field.text,
      output: field.optionalText,
      platform: field.platform,
      keepOldFiles: field.flag,
    }),
  );
}
