import { AppError } from './app-error.ts';

/**
 * OCI image-spec, "Image Index", `platform`, in the words of Go: `linux`, `windows`; `amd64`, `arm64`, `arm` with variant `v7`.
 */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** `10.0.17763.1234`; distinguishes images for Windows and macOS */
  readonly 'os.version'?: string;
}

/** Other spellings of a system or architecture, as containerd's platforms package reads them. */
const SYSTEM_ALIASES: Readonly<Record<string, string>> = { macos: 'darwin' };
const ARCHITECTURE_ALIASES: Readonly<Record<string, readonly [string, string?]>> = {
  i386: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};
/** GOARCH words that may come first, with a variant after them. */
const ARCHITECTURES = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(' '),
);
/** Variant that an image or a request without one means. */
const DEFAULT_VARIANTS: Readonly<Record<string, number>> = { amd64: 1, arm: 7, arm64: 8 };
/** 32-bit ARM before v5 cannot run Linux containers. */
const OLDEST_ARM = 5;
const OLDEST_ARM64 = 8;
const PATTERN = /^([A-Za-z0-9_-]+)(?:\(([^()/]+)\))?((?:\/[A-Za-z0-9_.-]+){0,2})$/;

/**
 * Parses `OS[(VERSION)]/ARCH[/VARIANT]`; also `ARCH` and `ARCH/VARIANT`, which mean Linux.
 * @throws AppError USAGE
 */
export function parsePlatform(text: string): Platform {
  const [, first = '', version, rest = ''] = PATTERN.exec(text) ?? [];
  const parts = rest.split('/').slice(1);
  const system = SYSTEM_ALIASES[first.toLowerCase()] ?? first.toLowerCase();
  const startsWithArchitecture = ARCHITECTURES.has(system) || ARCHITECTURE_ALIASES[system] !== undefined;
  const namesSystem = version !== undefined || parts.length === 2 || !startsWithArchitecture;
  const [architecture, variant] = namesSystem ? parts : [first, ...parts];
  if (architecture === undefined) {
    throw new AppError('USAGE', `--platform: expected OS/ARCH[/VARIANT], got ${JSON.stringify(text)}`, {
      hint: 'For example linux/arm64, linux/arm/v7, windows/amd64 or "windows(10.0.17763)/amd64".',
      details: { expected: 'OS/ARCH[/VARIANT]', got: text },
    });
  }
  const lower = architecture.toLowerCase();
  const [name, implied] = ARCHITECTURE_ALIASES[lower] ?? [lower];
  const own = variant?.toLowerCase().replace(/^(?=\d)/, 'v') ?? implied;
  return {
    os: namesSystem ? system : 'linux',
    architecture: name,
    ...(own === undefined ? {} : { variant: own }),
    ...(version === undefined ? {} : { 'os.version': version }),
  };
}

/** Writes a platform as parsePlatform reads it: `linux/arm/v7`, `windows(10.0.17763.1)/amd64`. */
export function platformText(platform: Platform): string {
  const { os, architecture, variant, 'os.version': version } = platform;
  const system = version === undefined ? os : `${os}(${version})`;
  return [system, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/**
 * Ranks how well an image's platform fits the requested one: 0 is the same (`arm64` and `arm64/v8` are), a higher number is
 * worse, undefined does not fit. As in containerd's `platforms.Only`, older variants and the 32-bit form of the same processor
 * fit; beyond that, a request without a variant accepts any variant, and a request with one accepts an image without.
 */
export function platformRank(platform: Platform, wanted: Platform): number | undefined {
  if (platform.os !== wanted.os) return undefined;
  const version = wanted['os.version'];
  if (version !== undefined && !`${platform['os.version'] ?? ''}.`.startsWith(`${version}.`))
    return undefined;
  const { architecture } = wanted;
  const number = variantNumber(wanted);
  const isSame =
    platform.variant === wanted.variant || (number !== undefined && number === variantNumber(platform));
  if (platform.architecture === architecture && isSame) return 0;
  const fitting = number === undefined ? [] : runnable(architecture, number);
  const own = variantNumber(platform);
  const place = fitting.findIndex(
    (candidate) => candidate.architecture === platform.architecture && (candidate.number ?? own) === own,
  );
  if (place >= 0) return place + 1;
  const loose = platform.variant === undefined || wanted.variant === undefined;
  return platform.architecture === architecture && loose ? fitting.length + 1 : undefined;
}

interface Runnable {
  readonly architecture: string;
  /** Number of the variant; undefined: any */
  readonly number: number | undefined;
}

/** Returns the platforms that a processor can run, best first. */
function runnable(architecture: string, number: number): readonly Runnable[] {
  const down = (name: string, to: number): Runnable[] =>
    Array.from({ length: Math.max(0, number - to + 1) }, (_, index) => ({
      architecture: name,
      number: number - index,
    }));
  if (architecture === 'amd64') return [...down('amd64', 1), { architecture: '386', number: undefined }];
  if (architecture === 'arm64') return [...down('arm64', OLDEST_ARM64), ...runnable('arm', OLDEST_ARM64)];
  return down(architecture, OLDEST_ARM);
}

/** Returns 7 for `v7`, and for `arm` without a variant; undefined for variants that have no order. */
function variantNumber({ architecture, variant }: Platform): number | undefined {
  const usual = DEFAULT_VARIANTS[architecture];
  if (usual === undefined) return undefined;
  const [, digits] = /^v?(\d{1,2})$/.exec(variant ?? `v${usual}`) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
