import { AppError } from '../model/app-error.ts';
import { REQUIRED_NODE_MAJOR } from '../model/node-version.ts';

/** Imported before everything else of the library: better-sqlite3's module would take an older Node.js down with it. */
if (Number.parseInt(process.versions.node, 10) < REQUIRED_NODE_MAJOR) {
  throw new AppError(
    'UNSUPPORTED',
    `the library pkgcompose needs Node.js ${REQUIRED_NODE_MAJOR} or newer, got ${process.versions.node}`,
    {
      hint: `Start the program with Node.js ${REQUIRED_NODE_MAJOR}; the command compose gets one by itself.`,
    },
  );
}
