import type {
  ArtifactFetchReport,
  ArtifactPullReport,
  ArtifactPushReport,
} from '../../src/model/artifact-report.ts';
import { digestOf } from '../../src/model/digest.ts';

export const ARTIFACT_PUSHED: ArtifactPushReport = {
  reference: 'registry.example/dist/hello:2.12',
  digest: digestOf('manifest'),
  artifactType: 'application/vnd.unknown.artifact.v1',
  subject: null,
  files: [
    {
      title: 'hello.tar.gz',
      digest: digestOf('a'),
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      sizeBytes: 1_017_723,
      isFolder: false,
    },
    {
      title: 'patches',
      digest: digestOf('b'),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      sizeBytes: 162,
      isFolder: true,
    },
  ],
  changed: true,
  uploaded: { blobs: 3, bytes: 1_017_887 },
  present: { blobs: 0, bytes: 0 },
  sentBytes: 1_017_887,
};

export const ARTIFACT_PULLED: ArtifactPullReport = {
  reference: `registry.example/dist/hello:2.12@${digestOf('manifest')}`,
  digest: digestOf('manifest'),
  artifactType: 'application/vnd.unknown.artifact.v1',
  files: [
    {
      title: 'hello.tar.gz',
      path: 'files/hello.tar.gz',
      digest: digestOf('a'),
      sizeBytes: 1_017_723,
      state: 'there',
    },
    { title: 'patches', path: 'files/patches', digest: digestOf('b'), sizeBytes: 162, state: 'unpacked' },
  ],
  unnamed: [digestOf('c')],
};

export const ARTIFACT_FETCHED: ArtifactFetchReport = {
  reference: `registry.example/dist/hello@${digestOf('a')}`,
  title: 'hello.tar.gz',
  path: 'distfiles/hello.tar.gz',
  digest: digestOf('a'),
  sizeBytes: 1_017_723,
  state: 'saved',
  resumedBytes: 500_000,
};
