import { digestOf } from '../../src/model/digest.ts';
import { MEDIA_TYPES } from '../../src/model/media-types.ts';
import type {
  CopyReport,
  InspectReport,
  LoginReport,
  PullReport,
  PushReport,
} from '../../src/model/registry.ts';

const none = { blobs: 0, bytes: 0 };

export const PUSHED: PushReport = {
  reference: 'registry.example/team/gcc:1',
  digest: digestOf('manifest'),
  mediaType: MEDIA_TYPES.manifest,
  changed: true,
  manifests: 1,
  uploaded: { blobs: 2, bytes: 9_500 },
  mounted: { blobs: 61, bytes: 52_000_000 },
  present: { blobs: 1, bytes: 397_000 },
  sentBytes: 9_500,
};

export const UNCHANGED: PushReport = {
  ...PUSHED,
  changed: false,
  manifests: 0,
  uploaded: none,
  mounted: none,
  present: none,
  sentBytes: 0,
};

export const COPIED: CopyReport = { from: 'out.tar', pushed: PUSHED };

export const PULLED: PullReport = {
  reference: `registry.example/team/gcc:1@${digestOf('manifest')}`,
  digest: digestOf('manifest'),
  mediaType: MEDIA_TYPES.manifest,
  imageId: digestOf('config'),
  platforms: ['linux/amd64'],
  output: 'out.tar',
  fetched: { blobs: 3, bytes: 1_000_000 },
  cached: { blobs: 60, bytes: 51_000_000 },
};

export const INSPECTED: InspectReport = {
  reference: `registry.example/team/gcc@${digestOf('manifest')}`,
  digest: digestOf('manifest'),
  mediaType: MEDIA_TYPES.manifest,
  index: null,
  artifactType: null,
  annotations: { 'dev.pkgcompose.distro': 'alpine v3.19' },
  images: [],
  platform: 'linux/amd64',
  config: { mediaType: MEDIA_TYPES.config, digest: digestOf('config'), size: 2_000 },
  configuration: { os: 'linux' },
  layers: [
    {
      digest: digestOf('a'),
      mediaType: MEDIA_TYPES.layerGzip,
      sizeBytes: 397_000,
      kind: 'package',
      packages: ['musl-1.2.4-r2'],
      title: null,
    },
    {
      digest: digestOf('b'),
      mediaType: MEDIA_TYPES.layerGzip,
      sizeBytes: 9_000,
      kind: 'bundle',
      packages: ['a-1', 'b-1', 'c-1', 'd-1'],
      title: null,
    },
  ],
  sizeBytes: 406_000,
  referrers: null,
};

export const LOGIN: LoginReport = {
  registry: 'registry.example',
  username: 'me',
  storedAt: '/home/me/.docker/config.json',
  verified: true,
  notes: [],
};
