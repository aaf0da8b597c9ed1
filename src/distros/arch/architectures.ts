/** An architecture of Arch or one of its relatives. */
interface Architecture {
  /** OCI's name, `GOARCH[/variant]` */
  readonly oci: string;
  /** Other names that OCI has for it */
  readonly aliases?: readonly string[];
  /** Other architectures whose packages it installs: pacman.conf(5), `Architecture = x86_64 x86_64_v3` */
  readonly takes?: readonly string[];
  /** Value of `$arch` in a Server line, the first word of `Architecture`; absent: its own word */
  readonly serverWord?: string;
  /** Server lines of its distribution; absent: not known */
  readonly servers?: readonly string[];
}

/** Layout of archlinux.org's mirrors and of `--mirror`, below the mirror's URL */
export const LAYOUT = '$repo/os/$arch';
/** Mirrors in the order of the mirrorlist in Arch's container images (archlinux-docker, since 2025-10-23) */
const OFFICIAL = ['fastly', 'geo'].map((host) => `https://${host}.mirror.pkgbuild.com/${LAYOUT}`);
/** Mirror of Arch Linux ARM, a separate distribution, which swaps the two path components; so does archlinux32 */
const ARM = ['http://mirror.archlinuxarm.org/$arch/$repo'];
const ARCHLINUX32 = ['https://mirror.archlinux32.org/$arch/$repo'];
/** Makes a level of the x86-64 psABI; $arch remains x86_64, and CachyOS writes `$arch_v3` for the level. */
const level = (oci: string, takes: readonly string[]): Architecture => ({
  oci,
  takes,
  serverWord: 'x86_64',
  servers: OFFICIAL,
});

/** Architectures by pacman's word. If several have the same OCI name, the name means the last. */
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

/** Returns whether pacman installs a package of architecture `of` on a system of architecture `wanted`. */
export function takesArchitecture(wanted: string, of: string): boolean {
  return ['', 'any', wanted, ...(ARCHITECTURES[wanted]?.takes ?? [])].includes(of);
}

/** Returns the value of `$arch` for an architecture. */
export function serverWord(architecture: string): string {
  return ARCHITECTURES[architecture]?.serverWord ?? architecture;
}
