import { cpSync, globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeApkIndexOf, makeFixtureKey } from '../../test/fixtures/apk.ts';
import { compare, NOTHING, type Run, run } from '../lib/measure.ts';
import { startMirrorProcess } from '../lib/mirror-process.ts';
import { SECOND } from '../lib/push-images.ts';
import { prepareApk, type RealApk } from '../lib/real-apk.ts';
import { findTool } from '../lib/tools.ts';
import {
  beginPart,
  compose,
  composeVersion,
  fresh,
  ROUNDS,
  type Row,
  record,
  recordBaseline,
  shell,
  work,
} from '../lib/workbench.ts';

/** All of the 195 archives that apko's solver takes together, by name. */
export const LARGE: readonly string[] = `
  alpine-base alpine-baselayout alpine-baselayout-data alpine-conf alpine-keys alpine-release apk-tools binutils bonding bridge
  brotli-libs busybox busybox-binsh busybox-mdev-openrc busybox-openrc busybox-suid c-ares ca-certificates
  ca-certificates-bundle chrony chrony-openrc coreutils coreutils-env coreutils-fmt coreutils-sha512sum dbus-libs dhcpcd
  dhcpcd-openrc doas dosfstools e2fsprogs e2fsprogs-extra e2fsprogs-libs efibootmgr efivar-libs eudev eudev-dev eudev-libs
  eudev-openrc gdbm git gmp gnutls gptfdisk grep hwdata-pci hwdata-usb ifupdown-ng ifupdown-ng-ppp ifupdown-ng-wifi ipmitool
  ipmitool-openrc isl26 iw jansson jq kbd-bkeymaps kmod-libs libacl libatomic libattr libblkid libbsd libbz2 libc-dev libc-utils
  libcap2 libcom_err libcrypto3 libcurl libedit libexpat libfdisk libffi libffi-dev libgcc libgfortran libgomp libidn2 libintl
  libmd libmount libncursesw libnl3 libpanelw libpcap libquadmath libretls libseccomp libsmartcols libssl3 libstdc++
  libstdc++-dev libtasn1 libunistring libusb libusb-dev libuuid libxml2 linux-headers lsblk lshw make mdev-conf mount mpc1
  mpdecimal mpfr4 musl musl-dev musl-utils ncurses-terminfo-base netcat-openbsd nettle nghttp2-libs oniguruma openntpd
  openntpd-openrc openrc openssh openssh-client-common openssh-client-default openssh-keygen openssh-server
  openssh-server-common openssh-server-common-openrc openssh-sftp-server openssl p11-kit partx pciutils pciutils-libs pcre2
  pcsc-lite-libs pkgconf popt ppp-atm ppp-chat ppp-daemon ppp-l2tp ppp-minconn ppp-openrc ppp-passprompt ppp-passwordfd
  ppp-pppoe ppp-radius ppp-winbind pyc readline scanelf sfdisk sgdisk skalibs sqlite-libs ssl_client tiny-cloud
  tiny-cloud-alpine tiny-cloud-nocloud tiny-cloud-openrc tzdata udev-init-scripts udev-init-scripts-openrc usb-modeswitch
  utmps-libs wget wpa_supplicant wpa_supplicant-openrc xz-libs yaml yx zlib zlib-dev zstd zstd-dev zstd-libs
`
  .trim()
  .split(/\s+/);
const SETS = [
  { count: 64, names: SECOND, warmTarget: 0.2 },
  { count: 175, names: LARGE, warmTarget: 0.12 },
];
const FOLDERS = ['v3.19-iso', 'v3.19-pool'];
const COLD_TARGET = 0.5;
/** 160 and 120 MB */
const COLD_PEAK_MIB = 152;
const WARM_PEAK_MIB = 114;
const CACHE = 'apko-compose';

/** From packages on a loopback mirror to an image's tar, beside apko without its SBOM. `data`: the folder of the Alpine data */
export async function besideApko(data: string): Promise<void> {
  beginPart('Images from a mirror, beside apko');
  const apko = findTool('apko');
  const place = join(work, 'apko');
  const keyring = writeMirror(data, place);
  const mirror = await startMirrorProcess(join(place, 'mirror'));
  try {
    const repository = `${mirror.url}/main`;
    const apk = prepareApk(
      {
        tools: FOLDERS.map((name) => join(data, name, 'x86_64')),
        repositories: [repository],
        keys: keyring,
        checksSignatures: true,
      },
      join(work, 'apk-add'),
    );
    if (apk === undefined) console.log('no comparison with apk: it needs root');
    version();
    for (const set of SETS) measure({ repository, keyring, place, apko, apk }, set);
  } finally {
    mirror.stop();
  }
}

/** What no command can be quicker than */
function version(): void {
  const { ours } = compare(3 * ROUNDS, { ours: composeVersion });
  record({ what: 'compose --version', ...ours, target: '≤ 30 ms', holds: ours.seconds <= 0.03 });
}

interface Rig {
  readonly repository: string;
  readonly keyring: string;
  readonly place: string;
  readonly apko: string | undefined;
  readonly apk: RealApk | undefined;
}

function measure(rig: Rig, { count, names, warmTarget }: (typeof SETS)[number]): void {
  const { repository, keyring, place } = rig;
  const out = join(place, 'out.tar');
  const source = [
    ...['--distro', 'alpine', '--release', 'v3.19', '--arch', 'x86_64', '--base', 'none'],
    ...['--repo', repository, '--keyring', keyring],
  ];
  const ours = (): Run => compose(CACHE, ...names, ...source, '-o', out);
  const theirs = apkoOf(rig, names);
  const { packages } = JSON.parse(compose(CACHE, 'plan', ...names, ...source, '--json').stdout) as Plan;
  const archives = packages
    .map(({ name, version }) => join(place, `mirror/main/x86_64/${name}-${version}.apk`))
    .join(' ');
  const runs = compare(ROUNDS, {
    floor: () => shell(`gzip -dc ${archives} > /dev/null && sha256sum ${archives} > /dev/null`),
    apk: () => rig.apk?.add(names) ?? NOTHING,
    apkoCold: () => theirs('cold'),
    cold: () => {
      fresh(CACHE);
      return ours();
    },
    copy: () => shell(`cat ${out} > ${place}/copy.tar`),
    version: composeVersion,
    apkoWarm: () => theirs('warm'),
    warm: ours,
  });
  const warmFloor = 3 * runs.version.seconds + runs.copy.seconds;
  recordBaseline(`gzip -dc + sha256sum of the ${count} packages`, runs.floor);
  if (rig.apk !== undefined) recordBaseline(`apk add --no-scripts, ${count} packages`, runs.apk);
  if (rig.apko !== undefined) recordBaseline(`apko build, cold, ${count} packages`, runs.apkoCold);
  const cold = ratio(runs.cold, runs.apkoCold, COLD_TARGET);
  record({
    what: `compose, cold, ${count} packages`,
    ...runs.cold,
    target: `${cold.target}; ≤ 1.5 × gzip + sha256sum, here ${(runs.cold.seconds / runs.floor.seconds).toFixed(2)} ×; ≤ ${COLD_PEAK_MIB} MiB`,
    holds: cold.holds && runs.cold.seconds <= 1.5 * runs.floor.seconds && runs.cold.peakMiB <= COLD_PEAK_MIB,
  });
  recordBaseline(`copy of the image of ${count} packages`, runs.copy);
  if (rig.apko !== undefined) recordBaseline(`apko build, warm, ${count} packages`, runs.apkoWarm);
  const warm = ratio(runs.warm, runs.apkoWarm, warmTarget);
  record({
    what: `compose, warm, ${count} packages`,
    ...runs.warm,
    target: `${warm.target}; ≤ 3 × --version + copy = ${warmFloor.toFixed(3)} s; ≤ ${WARM_PEAK_MIB} MiB`,
    holds: warm.holds && runs.warm.seconds <= warmFloor && runs.warm.peakMiB <= WARM_PEAK_MIB,
  });
}

interface Plan {
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

/** How it compares with apko; where there is none, nothing is missed. */
function ratio(ours: Run, apko: Run, target: number): Pick<Row, 'target' | 'holds'> {
  const times = ours.seconds / apko.seconds;
  if (Number.isNaN(times)) return { target: 'no apko', holds: true };
  return { target: `≤ ${target} × apko, here ${times.toFixed(2)} ×`, holds: times <= target };
}

function apkoOf(
  { apko, repository, keyring, place }: Rig,
  names: readonly string[],
): (state: 'cold' | 'warm') => Run {
  if (apko === undefined) return () => NOTHING;
  const config = join(place, 'apko.json');
  const cache = join(place, 'apko-cache');
  const contents = { repositories: [repository], keyring: [join(keyring, 'bench.rsa.pub')], packages: names };
  const words = ['build', '--sbom=false', '--log-level', 'error', '--cache-dir', cache];
  return (state) => {
    writeFileSync(config, JSON.stringify({ contents, archs: ['x86_64'] }));
    if (state === 'cold') rmSync(cache, { recursive: true, force: true });
    return run({ command: apko, args: [...words, config, 'bench/image:1', join(place, 'apko.tar')] });
  };
}

/** Makes one signed repository of the 195 archives. @returns the folder of its key and of the archives' keys */
export function writeMirror(data: string, place: string): string {
  const folder = join(place, 'mirror/main/x86_64');
  mkdirSync(folder, { recursive: true });
  let text = '';
  for (const name of FOLDERS) {
    const archives = join(data, name, 'x86_64');
    for (const path of globSync(`${archives}/*.apk`)) symlinkSync(path, join(folder, basename(path)));
    text += shell(`tar -xzOf ${archives}/APKINDEX.tar.gz APKINDEX`).stdout;
  }
  const key = makeFixtureKey('bench.rsa.pub');
  // As Alpine's own indexes have it: apk looks for an archive in the folder of the architecture that is said here.
  writeFileSync(
    join(folder, 'APKINDEX.tar.gz'),
    makeApkIndexOf(text.replaceAll('\nA:noarch\n', '\nA:x86_64\n'), { key }),
  );
  const keyring = join(place, 'keys');
  cpSync(join(data, 'keys'), keyring, { recursive: true });
  writeFileSync(join(keyring, key.name), key.publicPem);
  return keyring;
}
