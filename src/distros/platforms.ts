import { AppError } from '../model/app-error.ts';
import type { Platform } from '../model/platform.ts';
import type { Distro } from './distro.ts';

/** Node's `process.arch` in OCI's (Go's) words. */
const NODE_TO_OCI: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm/v7',
  arm64: 'arm64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
};

/** Returns this machine's platform, `linux/amd64`: containers run on Linux, whatever the machine's own system is. */
export function hostPlatform(): string {
  return `linux/${NODE_TO_OCI[process.arch] ?? process.arch}`;
}

/**
 * Returns the distribution's word for an architecture: `text` is OCI's word (`amd64`, `arm/v7`), the distribution's own, or
 * empty for this machine's.
 * @throws AppError USAGE that lists the known words
 */
export function architectureOf(distro: Distro, text: string): string {
  const { words: known, platforms = {} } = distro.architectures;
  const wanted = text === '' ? (NODE_TO_OCI[process.arch] ?? process.arch) : text;
  const words = new Set([...Object.values(known), ...Object.keys(platforms)]);
  const word = known[wanted] ?? (words.has(wanted) ? wanted : undefined);
  if (word !== undefined) return word;
  throw new AppError('USAGE', `--arch ${wanted}: not an architecture of ${distro.id}`, {
    hint: `Use one of: ${[...words].map((own) => namesOf(own, distro)).join(', ')}.`,
  });
}

/** `amd64 (x86_64)` */
function namesOf(word: string, distro: Distro): string {
  const oci = ociName(distro, word);
  return oci === undefined || oci === word ? word : `${oci} (${word})`;
}

function ociName({ architectures }: Distro, word: string): string | undefined {
  return (
    architectures.platforms?.[word] ??
    Object.entries(architectures.words).find(([, own]) => own === word)?.[0]
  );
}

/** Returns OCI's platform of a distribution's architecture word. */
export function platformOf(distro: Distro, architecture: string): Platform {
  const [name = architecture, variant] = (ociName(distro, architecture) ?? architecture).split('/');
  return { os: 'linux', architecture: name, ...(variant === undefined ? {} : { variant }) };
}
