import type { Distro } from '../distros/distro.ts';
import type { DistroId } from '../model/package.ts';

/** Loads one package family's code. */
export async function distroOf(id: DistroId): Promise<Distro> {
  return id === 'alpine'
    ? (await import('../distros/alpine/distro.ts')).alpine
    : (await import('../distros/arch/distro.ts')).arch;
}
