import type {
  DependentsReport,
  DependsReport,
  GraphReport,
  ProvidersReport,
  SetEdge,
  WhyReport,
} from '../../src/model/relation-report.ts';

const MAIN = { repository: 'main' } as const;
const edge = (from: string, to: string, relation: string, kind: SetEdge['kind'] = 'depends'): SetEdge => ({
  from,
  to,
  kind,
  relation,
});
const member = (name: string, version: string, reason: 'explicit' | 'dependency' = 'dependency') => ({
  ...MAIN,
  name,
  version,
  reason,
  sizeBytes: 1000,
  installedSizeBytes: 2000,
});

/** A diamond (git, libcurl → musl), a cycle (busybox, busybox-binsh) and what install_if adds. */
export const GRAPH: GraphReport = {
  distro: 'alpine',
  release: 'v3.19',
  architecture: 'x86_64',
  roots: ['git', 'docs'],
  packages: [
    member('musl', '1.2-r0'),
    member('busybox', '1.36-r0'),
    member('busybox-binsh', '1.36-r0'),
    member('libcurl', '8.5-r0'),
    member('git', '2.43-r0', 'explicit'),
    member('docs', '1-r0', 'explicit'),
    member('git-doc', '2.43-r0'),
  ],
  edges: [
    edge('busybox', 'busybox-binsh', '/bin/sh'),
    edge('busybox-binsh', 'busybox', 'busybox=1.36-r0'),
    edge('libcurl', 'busybox', 'busybox'),
    edge('libcurl', 'musl', 'so:libc.so.1'),
    edge('git', 'libcurl', 'so:libcurl.so.4'),
    edge('git', 'libcurl', 'libcurl>8'),
    edge('git', 'musl', 'so:libc.so.1'),
    edge('git', 'git-doc', 'docs git=2.43-r0', 'install_if'),
    edge('docs', 'git-doc', 'docs git=2.43-r0', 'install_if'),
  ],
  warnings: ['mind the gap'],
};

export const DEPENDS: readonly DependsReport[] = [
  {
    ...MAIN,
    name: 'git',
    version: '2.43-r0',
    relations: [
      {
        kind: 'depends',
        relation: 'so:libz.so.1',
        purpose: '',
        package: { ...MAIN, name: 'zlib', version: '1.3-r0' },
        providers: [{ ...MAIN, name: 'zlib', version: '1.3-r0' }],
      },
      { kind: 'depends', relation: 'so:lost', purpose: '', package: undefined, providers: [] },
      {
        kind: 'depends',
        relation: 'virtual',
        purpose: '',
        package: undefined,
        providers: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ ...MAIN, name, version: '1' })),
      },
      { kind: 'conflicts', relation: '!gut', purpose: '', package: undefined, providers: [] },
      { kind: 'optional', relation: 'perl', purpose: 'for send-email', package: undefined, providers: [] },
    ],
  },
  { ...MAIN, name: 'musl', version: '1.2-r0', relations: [] },
];

export const DEPENDENTS: DependentsReport = {
  name: 'libcurl',
  packages: [{ ...MAIN, name: 'libcurl', version: '8.5-r0' }],
  dependents: [
    {
      ...MAIN,
      name: 'curl',
      version: '8.5-r0',
      kind: 'depends',
      relations: ['libcurl=8.5-r0', 'so:libcurl.so.4'],
      depth: 1,
      on: 'libcurl',
    },
    {
      ...MAIN,
      name: 'libcurl-doc',
      version: '8.5-r0',
      kind: 'install_if',
      relations: ['docs libcurl=8.5-r0'],
      depth: 1,
      on: 'libcurl',
    },
  ],
};

export const WHY: WhyReport = {
  name: 'musl',
  package: { ...MAIN, name: 'musl', version: '1.2-r0' },
  targets: ['git'],
  setSize: 7,
  chains: [
    { root: 'git', steps: [edge('git', 'libcurl', 'so:libcurl.so.4'), edge('libcurl', 'musl', 'musl')] },
    { root: 'git', steps: [edge('git', 'musl', 'docs git', 'install_if')] },
  ],
  absence: undefined,
};

export const PROVIDERS: readonly ProvidersReport[] = [
  {
    name: 'java-jre',
    providers: [
      {
        ...MAIN,
        name: 'openjdk17',
        version: '17-r0',
        by: 'java-jre',
        providedVersion: '',
        providerPriority: 17,
        tag: '',
        unasked: true,
      },
      {
        repository: 'edge',
        name: 'openjdk21',
        version: '21-r0',
        by: 'java-jre=21',
        providedVersion: '21',
        providerPriority: 0,
        tag: 'edge',
        unasked: false,
      },
      {
        ...MAIN,
        name: 'openjdk8',
        version: '8-r0',
        by: 'java-jre',
        providedVersion: '',
        providerPriority: 0,
        tag: '',
        unasked: false,
      },
    ],
    chosen: { ...MAIN, name: 'openjdk17', version: '17-r0' },
    refusal: '',
  },
];
