/** What pacman calls an architecture, of Arch and of its relatives. */
interface Architecture {
  /** `GOARCH[/variant]` */
  readonly oci: string;
  /** Other names of OCI's for it */
  readonly aliases?: readonly string[];
  /** Words of packages that it takes as well: pacman.conf(5), `Architecture = x86_64 x86_64_v3` */
  readonly takes?: readonly string[];
  /** `$arch` of a Server line, the first word of `Architecture`; absent: its own */
  readonly serverWord?: string;
  /** Server lines of its distribution; absent: none is known */
  readonly servers?: readonly string[];
}

/** `MIRROR/<repo>/os/<arch>`, the layout of archlinux.org's mirrors and of `--mirror`. */
export const LAYOUT = '$repo/os/$arch';
/** In the order of the mirrorlist of Arch's container images (archlinux-docker, since 2025-10-23) */
const OFFICIAL = ['fastly', 'geo'].map((host) => `https://${host}.mirror.pkgbuild.com/${LAYOUT}`);
/** Arch Linux ARM, a distribution of its own with the two path components the other way round; archlinux32 too */
const ARM = ['http://mirror.archlinuxarm.org/$arch/$repo'];
const ARCHLINUX32 = ['https://mirror.archlinux32.org/$arch/$repo'];
/** Levels of the x86-64 psABI; $arch stays x86_64, and CachyOS writes `$arch_v3` where it means the other. */
const level = (oci: string, takes: readonly string[]): Architecture => ({
  oci,
  takes,
  serverWord: 'x86_64',
  servers: OFFICIAL,
});

/** Where several words are one of OCI's, the last is what OCI's name means. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x86_64: { oci: 'amd64', servers: OFFICIAL },
  x86_64_v2: level('amd64/v2', ['x86_64']),
  x86_64_v3: level('amd64/v3', ['x86_64', 'x86_64_v2']),
  x86_64_v4: level('amd64/v4', ['x86_64', 'x86_64_v2', 'x86_64_v3']),
  aarch64: { oci: 'arm64', aliases: ['arm64/v8'], servers: ARM },
  armv7h: { oci: 'arm/v7', aliases: ['arm'], servers: ARM },
  armv6h: { oci: 'arm/v6', servers: ARM },
  i486: { oci: '386', servers: ARCHLINUX32 },
  pentium4: { oci: '386', servers: ARCHLINUX32 },
  i686: { oci: '386', servers: ARCHLINUX32 },
  riscv64: { oci: 'riscv64' },
  loong64: { oci: 'loong64' },
  powerpc64le: { oci: 'ppc64le' },
};

/** Whether pacman installs a package of one architecture where another was asked for. */
export function takesArchitecture(wanted: string, of: string): boolean {
  return ['', 'any', wanted, ...(ARCHITECTURES[wanted]?.takes ?? [])].includes(of);
}

/** The word that stands for `$arch`. */
export function serverWord(architecture: string): string {
  return ARCHITECTURES[architecture]?.serverWord ?? architecture;
}
