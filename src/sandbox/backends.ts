import type { BackendName, SandboxedCommand } from './command.ts';
import { DEV_BYTES, ociConfig } from './oci-config.ts';

/** One way to run a command with a folder as its root. */
export interface Backend {
  readonly name: BackendName;
  /** Program that has to be installed */
  readonly program: string;
  /**
   * Returns the shell text that becomes the sandbox. It runs as root of the user namespace, in mount, network, IPC and host name
   * namespaces of its own, with the new root mounted at ROOT and an empty writable folder at STATE. It adds a process namespace,
   * a read-only /proc, a minimal /dev, the command's capabilities and no_new_privs, and gives access to nothing else of the
   * machine.
   */
  script(command: SandboxedCommand): string;
}

/** Folders where the prologue mounts the new root, and an empty writable folder. */
const ROOT = '/tmp/root';
const STATE = '/tmp/state';

/**
 * Capabilities for the work of package scripts as root: owners, modes, other users' programs, file capabilities, chroot. No
 * devices, no mounts, no network, no kernel settings.
 */
const CAPABILITIES = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setfcap',
  'setgid',
  'setuid',
  'sys_chroot',
] as const;

/** mount(8) must not look up the absolute path of a folder that is given relative to the current one. */
const MOUNT = 'mount -n --no-canonicalize';
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const LINKS = { fd: 'fd', stdin: 'fd/0', stdout: 'fd/1', stderr: 'fd/2' };

/** Shell text that mounts a /dev of its own on a folder: the machine's device nodes in a tmpfs of DEV_BYTES. */
function mountDev(folder: string): string {
  return `${MOUNT} -t tmpfs -o mode=755,nosuid,size=${DEV_BYTES} tmpfs ${folder}
for name in ${DEVICES.join(' ')}; do : > ${folder}/$name; ${MOUNT} --bind /dev/$name ${folder}/$name; done
${Object.entries(LINKS)
  .map(([name, target]) => `ln -s /proc/self/${target} ${folder}/${name}`)
  .join('\n')}
`;
}

/** System V shared memory outlives its processes; 64 MiB, as /dev. Kernels before 6.9 do not let a namespace set it. */
const SHARED_MEMORY_PAGES = 16_384;

/**
 * Shell text before that of every backend; the current folder is the new root. If the machine runs out of memory, the kernel
 * kills scripts first; they cannot lower their score, since their /proc is read-only.
 */
export const PROLOGUE = `exec 2>&1 3<&- 4<&-
set -e
hostname localhost
${MOUNT} -t proc proc /proc
echo 1000 > /proc/self/oom_score_adj
echo 0 > /proc/sys/user/max_user_namespaces
{ echo ${SHARED_MEMORY_PAGES} > /proc/sys/kernel/shmall; } 2>/dev/null || :
${MOUNT} -t tmpfs -o mode=755 tmpfs /tmp
mkdir ${ROOT} ${STATE}
${MOUNT} --bind . ${ROOT}
`;

function oci(name: 'crun' | 'runc', options: string, prepare = ''): Backend {
  return {
    name,
    program: name,
    script: (command) => `${prepare}cat > ${STATE}/config.json <<'END OF CONFIG'
${JSON.stringify(ociConfig(command, { root: ROOT, capabilities: CAPABILITIES }))}
END OF CONFIG
cd /
exec ${name} --root ${STATE}/containers ${options} run --bundle ${STATE} pkgcompose
`,
  };
}

const bubblewrap: Backend = {
  name: 'bubblewrap',
  program: 'bwrap',
  script: ({ words, env }) => {
    const capabilities = CAPABILITIES.map((name) => `--cap-add CAP_${name.toUpperCase()}`).join(' ');
    const variables = Object.entries(env).map(([name, value]) => `--setenv ${name} ${quote(value)}`);
    const dev = `${STATE}/dev`;
    return `mkdir ${dev}
${mountDev(dev)}exec bwrap --bind ${ROOT} / --dev-bind ${dev} /dev --proc /proc --remount-ro /proc --unshare-pid --cap-drop ALL ${capabilities} \\
  --die-with-parent --new-session --chdir / --clearenv ${variables.join(' ')} -- ${words.map(quote).join(' ')}
`;
  },
};

/**
 * Moves the root over /, as switch_root(8) does, so that no chroot leads out: `..` finds only the mount on top. util-linux's own
 * programs are still found below it, until chroot(8) starts the command.
 */
const utilLinux: Backend = {
  name: 'util-linux',
  program: 'unshare',
  script: ({ words, env }) => {
    const bounding = ['-all', ...CAPABILITIES.map((name) => `+${name}`)].join(',');
    const variables = Object.entries(env).map(([name, value]) => quote(`${name}=${value}`));
    const inner = `set -e
${MOUNT} -t proc -o ro,nosuid,nodev,noexec proc proc
exec env -i ${variables.join(' ')} "$setpriv" --bounding-set=${bounding} --inh-caps=-all --no-new-privs -- "$chroot" . ${words.map(quote).join(' ')}`;
    return `cd ${ROOT}
${MOUNT} --move . /
${mountDev('dev')}setpriv=$(command -v setpriv) chroot=$(command -v chroot)
export setpriv chroot
exec unshare --pid --fork --kill-child --mount sh -c ${quote(inner)}
`;
  },
};

/** The backends in the order in which they are tried. */
export const BACKENDS: readonly Backend[] = [
  // crun reads the cgroups even if it must not use them, and refuses a mix of both versions.
  oci('crun', '--cgroup-manager=disabled', `${MOUNT} -t tmpfs tmpfs /sys/fs/cgroup\n`),
  oci('runc', ''),
  bubblewrap,
  utilLinux,
];

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
