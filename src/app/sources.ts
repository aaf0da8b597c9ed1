import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { sniff } from '../archive/sniff.ts';
import type { Distro } from '../distros/distro.ts';
import { isLocal } from '../fetch/url.ts';
import type { RepositorySpec } from '../model/repository.ts';
import type { SourceOptions } from '../model/request.ts';
import { architectureOf } from './architecture.ts';
import type { Context } from './context.ts';
import { distroOf } from './distros.ts';
import { Trust } from './trust.ts';

/** Where packages come from, in the distribution's own words, and what is trusted. */
export interface Sources {
  readonly distro: Distro;
  readonly release: string;
  readonly architecture: string;
  /** As the user named them; empty: the official ones */
  readonly mirrors: readonly string[];
  readonly repositories: readonly RepositorySpec[];
  /** True when the user named repositories or mirrors: they are asked for changes on every use. */
  readonly named: boolean;
  readonly trust: Trust;
}

/** @throws AppError USAGE for an unknown architecture or a repository line that is none */
export async function resolveSources(context: Context, options: SourceOptions): Promise<Sources> {
  const distro = await distroOf(options.distro);
  const architecture = architectureOf(distro, options.architecture);
  const release = options.release === '' ? distro.defaults.release : options.release;
  const mirrors = options.mirrors.map(withoutSlash);
  const query = { release, architecture, mirrors };
  const repositories =
    options.repositories.length > 0
      ? options.repositories.flatMap(linesOf).map((line) => distro.repository(absolute(line), query))
      : distro.repositories(query);
  return {
    distro,
    release,
    architecture,
    mirrors,
    repositories,
    named: options.repositories.length > 0 || options.mirrors.length > 0,
    trust: new Trust(context, distro, options),
  };
}

/** A repository itself, or each line of a list of repositories such as `/etc/apk/repositories`. */
function linesOf(text: string): readonly string[] {
  if (text.includes('://') || !statSync(text, { throwIfNoEntry: false })?.isFile()) return [text];
  const content = readFileSync(text);
  if (sniff(content.subarray(0, 512)) !== 'unknown') return [text];
  return content
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** A relative folder means the same from wherever the catalog is asked later. */
function absolute(line: string): string {
  return !line.includes('://') && isLocal(line) && existsSync(line) ? resolve(line) : line;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
