import type { SandboxedCommand } from './command.ts';

/**
 * System calls that no package script needs and that reach deep into the kernel, or whose effects leave the namespaces: keys are
 * per user, not per namespace.
 */
const DENIED_CALLS = [
  'acct',
  'add_key',
  'bpf',
  'fsconfig',
  'fsmount',
  'fsopen',
  'init_module',
  'finit_module',
  'delete_module',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'kexec_file_load',
  'kexec_load',
  'keyctl',
  'mount',
  'mount_setattr',
  'move_mount',
  'open_by_handle_at',
  'open_tree',
  'perf_event_open',
  'pivot_root',
  'process_vm_writev',
  'ptrace',
  'quotactl',
  'reboot',
  'request_key',
  'setns',
  'swapoff',
  'swapon',
  'umount2',
  'unshare',
  'userfaultfd',
] as const;
/** Paths of /proc that show or change the machine, masked as docker and podman do by default. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
];

/**
 * Size of /dev in bytes: by default, a tmpfs may use half of the machine's memory; some scripts write to /dev/shm, but none
 * writes much.
 */
export const DEV_BYTES = 64 * 2 ** 20;

/**
 * Returns the config.json of the OCI runtime specification for a command. It lists only the namespaces that the caller has not
 * made yet, and no resources, since not every user may use cgroups.
 */
export function ociConfig(
  { words, env }: SandboxedCommand,
  options: { readonly root: string; readonly capabilities: readonly string[] },
): unknown {
  const capabilities = options.capabilities.map((name) => `CAP_${name.toUpperCase()}`);
  const flags = ['nosuid', 'nodev', 'noexec'];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      cwd: '/',
      args: words,
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      noNewPrivileges: true,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: options.root },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['ro', ...flags] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'mode=755', `size=${DEV_BYTES}`],
      },
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'mount' }],
      maskedPaths: MASKED,
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: DENIED_CALLS, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
      },
    },
  };
}
