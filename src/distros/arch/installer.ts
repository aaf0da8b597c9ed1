import type { Installation, Installer } from '../install.ts';
import { installFiles } from './install-files.ts';

export function installer(installation: Installation): Installer {
  return {
    begin() {},
    before() {},
    owner: ({ uid, gid }) => ({ uid, gid }),
    after() {},
    end(root) {
      if (!installation.scripts) return { left: [], done: [] };
      for (const { path, mode, content } of installFiles(installation.packages)) {
        root.put(path, { type: 'file', mode, content });
      }
      return { left: [], done: [] };
    },
  };
}
