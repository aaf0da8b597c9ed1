// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell scripts
import { archiveRecord } from '../../src/app/published-catalog/archive-record.ts';
import { packageRecord, repositoryRecord } from '../../src/app/published-catalog/records.ts';
import { parseRecipe } from '../../src/app/settings/recipe.ts';
import { parseOciUrl } from '../../src/app/sources/oci-url.ts';
import { apkKeyringFromFiles } from '../../src/distros/alpine/apk-keys.ts';
import { verifyApkSignatures } from '../../src/distros/alpine/apk-signatures.ts';
import { alpine } from '../../src/distros/alpine/distro.ts';
import { certificateOf, subjectHash } from '../../src/distros/alpine/known-x509.ts';
import { arch } from '../../src/distros/arch/distro.ts';
import { parseHook, splitWords } from '../../src/distros/arch/hook.ts';
import { segmentsRead, sharedLibrary } from '../../src/distros/arch/ldconfig/elf-facts.ts';
import { parseSigLevel } from '../../src/distros/arch/sig-level.ts';
import { parsePkgInfo } from '../../src/distros/shared/pkginfo.ts';
import { RootDraft } from '../../src/distros/shared/root-draft.ts';
import { FILE_COMMANDS, SHELL_BUILTINS } from '../../src/distros/shared/shell/commands.ts';
import { runShell } from '../../src/distros/shared/shell/run.ts';
import { matchesGlob, matchesPathGlob } from '../../src/model/glob.ts';
import { decodePath } from '../../src/model/path-bytes.ts';
import { parseReference } from '../../src/model/reference.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { parseRegistryName, readEntryKey } from '../../src/registry/credential-files.ts';
import { nextLink } from '../../src/registry/link.ts';
import { readManifestFacts } from '../../src/registry/manifest-json.ts';
import { OpenPgpKeyring } from '../../src/trust/openpgp-keyring.ts';
import { verifyDetached } from '../../src/trust/verify-detached.ts';
import { makeElf } from '../distros/arch/ldconfig/elf.ts';
import { makeFixtureKey } from '../fixtures/apk.ts';
import { makePgpKey, pacmanKeyringFiles, signDetached } from '../fixtures/pgp.ts';
import { rootWith } from '../fixtures/script-root.ts';
import type { FuzzedReader } from './reader.ts';

const texts = (...samples: readonly string[]): readonly Buffer[] =>
  samples.map((sample) => Buffer.from(sample));
const halves = (text: string): readonly [string, string] => {
  const [first = '', ...rest] = text.split('\n');
  return [first, rest.join('\n')];
};
const VERSIONS = texts(
  '1.2.3_rc1-r4\n1.2.3-r0',
  '1:2.0-3\n2.0',
  '1.2a_git20230101-r1\n9999',
  '5.1.016-1\n5.1-2',
);

function shell(dialect: 'sh' | 'bash', ...samples: readonly string[]): FuzzedReader {
  return {
    name: dialect,
    samples: texts(...samples),
    read(bytes) {
      const root = rootWith({ 'bin/tool': 'x ', 'etc/passwd': 'a:x:1:2:::\n', 'etc/group': 'a:x:2:\n' });
      runShell(decodePath(bytes), ['1.0'], {
        dialect,
        root: new RootDraft(root),
        path: ['bin'],
        builtins: new Map([...SHELL_BUILTINS, ...FILE_COMMANDS]),
        program: () => undefined,
      });
    },
  };
}

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 },
  layers: [{ mediaType: 'a/b', digest: `sha256:${'1'.repeat(64)}`, size: 3, annotations: { a: 'b' } }],
  subject: { mediaType: 'a/b', digest: `sha256:${'2'.repeat(64)}`, size: 4 },
});

const elf = (bytes: Buffer, offset: number, length: number): Buffer | undefined =>
  offset >= 0 && offset + length <= bytes.length ? bytes.subarray(offset, offset + length) : undefined;

/** Keys and signatures take a moment to make. */
export async function textReaders(): Promise<readonly FuzzedReader[]> {
  const apkKey = makeFixtureKey('k.rsa.pub');
  const pgpKey = await makePgpKey();
  const ring = pacmanKeyringFiles({ trusted: [pgpKey] });
  const keyring = await OpenPgpKeyring.fromFiles(ring);
  const signature = Buffer.from(await signDetached(pgpKey, Buffer.from('data')));
  return [
    {
      name: '.PKGINFO',
      samples: texts('# x\npkgname = a\npkgver = 1-r0\nsize = 5\ndepend = b>1\nlicense = MIT\n'),
      read: (bytes) => parsePkgInfo(bytes, 'fuzz'),
    },
    {
      name: 'apk key',
      samples: texts(apkKey.publicPem),
      read: (bytes) => apkKeyringFromFiles([{ name: 'k.rsa.pub', bytes }]),
    },
    {
      name: 'apk signature',
      samples: [Buffer.alloc(256, 1)],
      read: (bytes) =>
        verifyApkSignatures(
          apkKeyringFromFiles([{ name: apkKey.name, bytes: Buffer.from(apkKey.publicPem) }]),
          [{ member: `.SIGN.RSA.${apkKey.name}`, bytes }],
          Buffer.from('data'),
        ),
    },
    {
      name: 'pacman keyring',
      samples: [Buffer.from(pgpKey.publicBytes)],
      async read(bytes) {
        const read = await OpenPgpKeyring.fromFiles([{ name: 'test.gpg', bytes }, ...ring.slice(1)]);
        await verifyDetached(read, Buffer.from('data'), signature);
      },
    },
    {
      name: 'pacman keyring: trust',
      samples: ring.slice(1).map(({ bytes }) => bytes),
      read: (bytes) => OpenPgpKeyring.fromFiles([{ name: 'test-trusted', bytes }, ring[0] as never]),
    },
    {
      name: 'OpenPGP signature',
      samples: [signature],
      read: (bytes) => verifyDetached(keyring, Buffer.from('data'), bytes),
    },
    {
      name: 'SigLevel',
      samples: texts('Required DatabaseOptional TrustedOnly'),
      read: (bytes) => parseSigLevel(String(bytes)),
    },
    {
      name: 'recipe',
      samples: texts('distro: alpine\npackages: [gcc, make]\noutput: out.tar\nenv:\n  A: b\n'),
      read: (bytes) => parseRecipe(String(bytes), 'fuzz.yaml'),
    },
    {
      name: 'challenge',
      samples: texts('Bearer realm="https://a/t",service="b",scope="repository:a:pull"\nBasic realm="x"'),
      read: (bytes) => parseChallenges(String(bytes).split('\n')),
    },
    {
      name: 'Link',
      samples: texts('</v2/_catalog?n=1&last=a>; rel="next"'),
      read: (bytes) => nextLink([String(bytes)]),
    },
    {
      name: 'registry manifest',
      samples: texts(MANIFEST),
      read: (bytes) => readManifestFacts(bytes, 'application/vnd.oci.image.manifest.v1+json', 'fuzz'),
    },
    {
      name: 'reference',
      samples: texts('reg.example:5000/a/b:1', 'a', '[::1]/b'),
      read: (bytes) => parseReference(String(bytes)),
    },
    {
      name: 'oci URL',
      samples: texts('oci://reg.example/a:v1/x86_64'),
      read: (bytes) => parseOciUrl(String(bytes)),
    },
    {
      name: 'registry name',
      samples: texts('https://reg.example:5000'),
      read: (bytes) => parseRegistryName(String(bytes)),
    },
    {
      name: 'login entry',
      samples: texts('https://index.docker.io/v1/', 'a/b'),
      read: (bytes) => readEntryKey(String(bytes)),
    },
    ...([archiveRecord, packageRecord, repositoryRecord] as const).map(
      (record, at): FuzzedReader => ({
        name: `catalog record ${at}`,
        samples: texts('{"distro":"alpine","name":"a","digest":"x"}', '["a","1",[],{},0,""]'),
        read(bytes) {
          let value: unknown;
          try {
            value = JSON.parse(String(bytes));
          } catch {
            return;
          }
          record(value as never, 'fuzz');
        },
      }),
    ),
    {
      name: 'glob',
      samples: texts('*.s[ao]?*\nlibfoo.so.1', '**a**b\naaaaaaaaaaaaaaaaaaaaaaaaaaab'),
      read(bytes) {
        const [pattern, text] = halves(String(bytes));
        matchesGlob(pattern, text);
        matchesPathGlob(pattern, text);
      },
    },
    ...[alpine, arch].map(
      (distro): FuzzedReader => ({
        name: `versions of ${distro.id}`,
        samples: VERSIONS,
        read(bytes) {
          const [a, b] = halves(String(bytes));
          const order = Math.sign(distro.resolver.versions.compare(a, b));
          if (order + Math.sign(distro.resolver.versions.compare(b, a)) !== 0)
            throw new Error('the order is not antisymmetric');
        },
      }),
    ),
    {
      name: 'repository line',
      samples: texts(
        'https://a.example/v3.19/main',
        '@edge /srv/repo',
        'core=https://a.example/$repo/os/$arch',
      ),
      read(bytes) {
        const query = { release: 'v3.19', architecture: 'x86_64', mirrors: [] };
        alpine.repositories.parse(String(bytes), query);
        arch.repositories.parse(String(bytes), query);
      },
    },
    {
      name: 'hook',
      samples: texts(
        '[Trigger]\nType = Path\nOperation = Install\nTarget = usr/*\n\n[Action]\nWhen = PostTransaction\nExec = /bin/a "b c"\n',
      ),
      read(bytes) {
        parseHook(String(bytes), 'fuzz.hook');
        splitWords(String(bytes));
      },
    },
    {
      name: 'certificate',
      samples: [
        Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'),
        Buffer.from('3082010a3081f3a003', 'hex'),
      ],
      read(bytes) {
        subjectHash(certificateOf(String(bytes)));
        subjectHash(bytes);
      },
    },
    {
      name: 'ELF',
      samples: [makeElf(), makeElf({ bits: 32, machine: 3 })],
      read(bytes) {
        sharedLibrary(bytes.length, (offset, length) => elf(bytes, offset, length));
        segmentsRead(bytes.length, (offset, length) => elf(bytes, offset, length));
      },
    },
    shell(
      'sh',
      '#!/bin/sh\nset -e\nfor a in 1 "2 3"; do [ -d /etc ] && echo "${a#1}" >> /out; done\naddgroup -S a 2>/dev/null\nexit 0\n',
    ),
    shell(
      'bash',
      'post_install() {\n  local a=(1 2)\n  [[ -f /x ]] || ln -sf a /usr/b\n  cat <<EOF > /y\n$1\nEOF\n}\npost_install "$@"\n',
    ),
  ];
}
