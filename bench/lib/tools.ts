import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findPeer } from '../../test/fixtures/peers.ts';
import { type Command, type Output, run } from './measure.ts';

/** Runs a tool with these words. */
export type Tool = (...words: readonly string[]) => Output;

const missing = new Set<string>();

/** Path of another tool; undefined, and said aloud once, where it is not on this machine. */
export function findTool(name: 'apko' | 'crane' | 'pacman' | 'skopeo' | 'umoci'): string | undefined {
  const found = name === 'crane' ? findPeer(name) : (named(name) ?? onPath(name));
  if (found === undefined && !missing.has(name)) {
    missing.add(name);
    console.log(`no comparison with ${name}: it is not on this machine${HINTS[name] ?? ''}`);
  }
  return found;
}

const HINTS: Readonly<Record<string, string>> = {
  apko: ' (neither on PATH nor named by PKGCOMPOSE_APKO)',
  crane: '; where Go is, bin/run test/fixtures/build-peers.ts builds it',
};

function named(name: string): string | undefined {
  const path = name === 'apko' ? process.env.PKGCOMPOSE_APKO : undefined;
  return path === '' ? undefined : path;
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The tool by its path, with options before the words */
export function toolAt(
  command: string,
  options: readonly string[] = [],
  env: NonNullable<Command['env']> = {},
): Tool {
  return (...words) => run({ command, args: [...options, ...words], env });
}

/** Environment in which skopeo remembers in this folder, and not in root's, which registry has which blob. */
export function skopeoMemory(folder: string): NonNullable<Command['env']> {
  mkdirSync(folder, { recursive: true });
  return { _CONTAINERS_ROOTLESS_UID: '1', XDG_DATA_HOME: folder };
}
