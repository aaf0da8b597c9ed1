import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { tempDir } from '../../../fixtures/temp.ts';
import { makeElf } from './elf.ts';
import {
  archLdconfig,
  type Files,
  machineLdconfig,
  type RealLdconfig,
  whatRealLeaves,
  whatWeLeave,
} from './real-ldconfig.ts';

const ROOT: Files = { 'etc/ld.so.conf': '', 'var/cache/': '', 'usr/lib/': '' };
/** Each one different, as real ones are. */
let made = 0;
const lib = (soname: string) => makeElf({ soname, before: 8 * ++made });
const NONE = 'needs root, an ldconfig and for glibc 2.26 the shared data';

const CASES: Readonly<Record<string, Files>> = {
  nothing: {},
  'one library': { 'usr/lib/libfoo.so.1.2': lib('libfoo.so.1') },
  'an odd number': {
    'usr/lib/libfoo.so.1.2': lib('libfoo.so.1'),
    'usr/lib/libbar.so': lib('libbar.so'),
    'usr/lib/libbaz.so.3': lib('libbaz.so.3'),
  },
  'several versions, numbers as numbers': {
    'usr/lib/libfoo.so.1.9': lib('libfoo.so.1'),
    'usr/lib/libfoo.so.1.10': lib('libfoo.so.1'),
    'usr/lib/libfoo.so.1': '-> libfoo.so.1.9',
  },
  'a file where the link would be': {
    'usr/lib/libfoo.so.1.9': lib('libfoo.so.1'),
    'usr/lib/libfoo.so.1': lib('libfoo.so.2'),
  },
  'links to nothing': {
    'usr/lib/libfoo.so.1': '-> libfoo.so.1.2',
    'usr/lib/libfoo.so': '-> libfoo.so.1',
    'usr/lib/libloop.so.1': '-> libloop.so.2',
    'usr/lib/libloop.so.2': '-> libloop.so.1',
    'usr/lib/other.so.1': '-> gone',
  },
  'a link for ld(1)': {
    'usr/lib/libfoo.so.1.2': lib('libfoo.so.1'),
    'usr/lib/libfoo.so.1': '-> libfoo.so.1.2',
    'usr/lib/libfoo.so': '-> libfoo.so.1',
  },
  'a link of another name': {
    'usr/lib/libfoo.so.1.2': lib('libfoo.so.1'),
    'usr/lib/libother.so': '-> libfoo.so.1.2',
  },
  'no soname': { 'usr/lib/libfoo-2.so': makeElf(), 'usr/lib/libfoo.so': '-> libfoo-2.so' },
  'what is no library': {
    'usr/lib/libscript.so': 'GROUP ( /usr/lib/libc.so.6 )\n'.repeat(9),
    'usr/lib/libshort.so': 'x',
    'usr/lib/libempty.so': '',
    'usr/lib/libfolder.so/': '',
    'usr/lib/libinner.so': '-> libfolder.so',
    'usr/lib/libprogram.so': makeElf({ type: 2 }),
    'usr/lib/libstatic.so': makeElf({ static: true }),
    'usr/lib/plugin.so': lib('plugin.so'),
    'usr/lib/libfoo.a': lib('libfoo.so.1'),
  },
  'other processors': {
    'usr/lib/libarm.so.1': makeElf({ soname: 'libarm.so.1', machine: 183 }),
    'usr/lib/libold.so.1': makeElf({ soname: 'libold.so.1', machine: 3, bits: 32 }),
    'usr/lib/libnew.so.1': makeElf({ soname: 'libnew.so.1', machine: 3, bits: 32, needed: ['libc.so.6'] }),
    'usr/lib/ld-linux.so.2': makeElf({ machine: 3, bits: 32, interpreter: '/lib/ld-linux.so.2' }),
    'usr/lib/libx32.so.1': makeElf({ soname: 'libx32.so.1', bits: 32 }),
  },
  'kernels and processors that libraries need': {
    'usr/lib/libc.so.6': makeElf({ soname: 'libc.so.6', abi: [0, 3, 2, 0], isa: 1 }),
    'usr/lib/libm.so.6': makeElf({ soname: 'libm.so.6', isa: 4 }),
  },
  'folders of a configuration': {
    'etc/ld.so.conf': '# first\ninclude /etc/ld.so.conf.d/*.conf\n /opt/b/ # last\n\n/usr/lib\n/gone\n',
    'etc/ld.so.conf.d/1.conf': '/opt/a\n/opt/c',
    'etc/ld.so.conf.d/2.conf.off': '/opt/d',
    'etc/ld.so.conf.d/.3.conf': '/opt/d',
    'opt/a/libfoo.so.1.0': lib('libfoo.so.1'),
    'opt/b/libfoo.so.1.1': lib('libfoo.so.1'),
    'opt/c': '-> a',
    'opt/d/libfoo.so.1.1': lib('libfoo.so.1'),
    'usr/lib/libfoo.so.1': lib('libfoo.so.1'),
  },
  'folders below glibc-hwcaps': {
    'usr/lib/libfoo.so.1.2': lib('libfoo.so.1'),
    'usr/lib/glibc-hwcaps/x86-64-v3/libfoo.so.1.2': makeElf({ soname: 'libfoo.so.1', isa: 4 }),
    'usr/lib/glibc-hwcaps/x86-64-v3/libfoo.so': '-> libfoo.so.1.2',
    'usr/lib/glibc-hwcaps/x86-64-v2/libfoo.so.1.1': makeElf({ soname: 'libfoo.so.1', isa: 2 }),
    'usr/lib/glibc-hwcaps/x86-64-v2/libgone.so.1': '-> gone',
    'usr/lib/glibc-hwcaps/x86-64-v4/': '',
    'usr/lib/glibc-hwcaps/v:1/libfoo.so.1': lib('libfoo.so.1'),
    'usr/lib/glibc-hwcaps/.v/libfoo.so.1': lib('libfoo.so.1'),
    'usr/lib/glibc-hwcaps/file': 'x',
  },
};

function realOnes(t: TestContext): readonly RealLdconfig[] {
  const found = [machineLdconfig(), archLdconfig(tempDir(t))].filter((one) => one !== undefined);
  if (found.length === 0) t.skip(NONE);
  else t.diagnostic(`compared with glibc ${found.map(({ version }) => version).join(' and ')}`);
  return found;
}

test('cache and links are those that ldconfig leaves, byte for byte', (t) => {
  const scratch = tempDir(t);
  for (const real of realOnes(t)) {
    for (const [name, files] of Object.entries(CASES)) {
      const all = { ...ROOT, ...files };
      assert.deepEqual(
        whatWeLeave(real, all),
        whatRealLeaves(real, all, scratch),
        `${name}, ${real.version}`,
      );
    }
  }
});

const NAMES = [
  ...['libfoo.so', 'libfoo.so.1', 'libfoo.so.1.2', 'libfoo.so.1.10', 'libfoo.so.01', 'libfoo-2.so'],
  ...['libbar.so', 'libbar.so.1', 'libbar.so.1.2', 'ld-linux-x86-64.so.2', 'plugin.so', 'libx'],
];
const FOLDERS = [
  ...['usr/lib', 'usr/lib', 'usr/lib', 'opt/lib', 'opt/other'],
  ...['usr/lib/glibc-hwcaps/x86-64-v2', 'opt/lib/glibc-hwcaps/x86-64-v3', 'usr/lib/glibc-hwcaps/x86-64-v3'],
];
const name = fc.constantFrom(...NAMES);
const elf = fc
  .record(
    {
      soname: name,
      bits: fc.constantFrom(32 as const, 64 as const),
      machine: fc.constantFrom(62, 62, 62, 3, 183),
      needed: fc.subarray(['libc.so.6', 'libz.so.1']),
      abi: fc.constantFrom([0, 2, 6, 32] as const, [0, 3, 2, 0] as const),
      isa: fc.constantFrom(0, 1, 4, 8),
      type: fc.constantFrom(3, 3, 3, 2),
    },
    { requiredKeys: [] },
  )
  .map(makeElf);
const link = fc
  .oneof(
    name,
    fc.tuple(fc.constantFrom(...FOLDERS), name).map(([folder, to]) => `/${folder}/${to}`),
    fc.constantFrom('gone', '..', '.'),
  )
  .map((to) => `-> ${to}`);
const tree = fc
  .array(
    fc.tuple(
      fc.constantFrom(...FOLDERS),
      name,
      fc.oneof({ weight: 4, arbitrary: fc.oneof(elf, distinct()) }, { weight: 3, arbitrary: link }, text()),
    ),
    { maxLength: 14 },
  )
  .map((entries) =>
    Object.fromEntries(entries.map(([folder, file, content]) => [`${folder}/${file}`, content])),
  );
const configuration = fc
  .subarray(['/opt/lib', '/opt/other', '/usr/lib', '/opt/gone'])
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

function distinct() {
  return name.map(lib);
}

function text() {
  return fc.constantFrom('', 'GROUP ( libfoo.so.1 )', 'x'.repeat(100), makeElf().subarray(0, 80));
}

test('of any tree either the cache and links are those that ldconfig leaves, or it is said why not', (t) => {
  const scratch = tempDir(t);
  for (const real of realOnes(t)) {
    const [runs, unknown] = [120, [] as string[]];
    fc.assert(
      fc.property(tree, configuration, (files, conf) => {
        const all = { ...ROOT, ...files, 'etc/ld.so.conf': conf };
        const ours = whatWeLeave(real, all);
        if (typeof ours === 'string') unknown.push(ours);
        else assert.deepEqual(ours, whatRealLeaves(real, all, scratch));
      }),
      { numRuns: runs },
    );
    t.diagnostic(`${real.version}: ${unknown.length} of ${runs} not known`);
    assert.ok(unknown.length < runs / 2, `${unknown.join('\n')}`);
  }
});
