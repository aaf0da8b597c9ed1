import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './measure.ts';
import { findTool, skopeoMemory, toolAt } from './tools.ts';
import { work } from './workbench.ts';

/** Brings the image of an OCI layout folder to a plain registry, as somebody with a memory of what is where. */
export type Push = (folder: string, reference: string) => Run;

/** Where skopeo remembers which repository has which blob, as our catalog does */
const SKOPEO_MEMORY = join(work, 'skopeo');

/** The other tools that are on this machine. */
export function otherPushers(): Readonly<Record<string, Push>> {
  mkdirSync(SKOPEO_MEMORY, { recursive: true });
  const pushers: Record<string, Push> = {};
  const skopeo = findTool('skopeo');
  if (skopeo !== undefined) {
    const options = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false'];
    const copy = toolAt(skopeo, options, skopeoMemory(SKOPEO_MEMORY));
    pushers['skopeo copy'] = (folder, reference) => copy(`oci:${folder}`, `docker://${reference}`);
  }
  const crane = findTool('crane');
  if (crane !== undefined) {
    const push = toolAt(crane, ['push', '--insecure']);
    pushers['crane push'] = (folder, reference) => push(folder, reference);
  }
  return pushers;
}

/** What a compose cache and skopeo know of registries, kept under a name. */
export function saveMemory(cache: string, name: string): void {
  mkdirSync(memoryPath(name), { recursive: true });
  cpSync(join(work, cache, 'catalog.sqlite'), join(memoryPath(name), 'catalog.sqlite'));
  cpSync(SKOPEO_MEMORY, join(memoryPath(name), 'skopeo'), { recursive: true });
}

export function recallMemory(cache: string, name: string): void {
  const catalog = join(work, cache, 'catalog.sqlite');
  for (const suffix of ['', '-wal', '-shm']) rmSync(catalog + suffix, { force: true });
  cpSync(join(memoryPath(name), 'catalog.sqlite'), catalog);
  rmSync(SKOPEO_MEMORY, { recursive: true });
  cpSync(join(memoryPath(name), 'skopeo'), SKOPEO_MEMORY, { recursive: true });
}

const memoryPath = (name: string): string => join(work, 'memories', name);
