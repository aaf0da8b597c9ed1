import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Finds the package of that kind for the platform in bin/node-packages.txt. Nothing else is ever installed, and only with the digest given there. */
function pinned(kind, platform) {
  const table = readFileSync(new URL('node-packages.txt', import.meta.url), 'utf8');
  const row = table.split('\n').find((line) => line.startsWith(`${kind} ${platform} `));
  if (row === undefined) return undefined;
  const [, , name, version, integrity] = row.split(' ');
  return { name, version, integrity };
}

/** sysexits(3) EX_UNAVAILABLE */
const EXIT_UNAVAILABLE = 69;

function fail(message, hint) {
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`);
  process.exit(EXIT_UNAVAILABLE);
}

/**
 * Finds the native module that npm left out because the Node.js that it ran on was too old for it; it is installed beside the
 * newer Node.js. Undefined if nothing is missing.
 */
function missingNativeModule(platform) {
  const require = createRequire(import.meta.url);
  const native = pinned('native', platform);
  try {
    require.resolve(native.name, {
      paths: [fileURLToPath(new URL('..', import.meta.url)), require.resolve('@napi-rs/lzma')],
    });
    return undefined;
  } catch {
    return native;
  }
}

/** With these, an unreachable registry is reported within half a minute instead of five. */
const NPM_FLAGS = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--loglevel=error',
  '--fetch-timeout=10000',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=2000',
];

/** Installs packages by a lock file of their own, so that npm checks their digests before it unpacks them. */
function npmInstall(directory, packages) {
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  const locked = packages.map(({ name, version, integrity }) => [
    `node_modules/${name}`,
    { version, integrity },
  ]);
  const lock = {
    lockfileVersion: 3,
    requires: true,
    packages: { '': { dependencies }, ...Object.fromEntries(locked) },
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies }));
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lock));
  const { status, error, stderr } = spawnSync('npm', ['ci', ...NPM_FLAGS], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) {
    rmSync(directory, { recursive: true, force: true });
    const words = packages.map(({ name, version }) => `${name}@${version}`);
    fail(
      `could not get ${words.join(' and ')} from the npm registry: ${error?.message ?? reasonOf(stderr)}`,
      'Check the network (npm ping), or install Node.js 24 or newer and run compose with it.',
    );
  }
}

/** Picks the line that says why from npm's many. */
function reasonOf(stderr) {
  const lines = stderr.split('\n').map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim());
  const code = lines.find((line) => line.startsWith('code '))?.slice('code '.length);
  const said = lines.find((line) => !/^(?:code|errno|type|syscall|path|A complete log|$)/.test(line)) ?? '';
  return [code, said.replace(/^network /, '')].filter(Boolean).join(': ') || 'npm gave no reason';
}

/** Node.js reports the version of glibc if that is its C library. */
function isMusl() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
}

/** Unlike Node.js' own recursive mkdir, ends if an existing folder answers ENOENT to whatever is created in it, as /proc does. */
function makeFolder(path) {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another launch may have made it meanwhile.
    if (error.code !== 'EEXIST') throw error;
  }
}

function newFolder(beside) {
  try {
    makeFolder(dirname(beside));
    return mkdtempSync(`${beside}.`);
  } catch (error) {
    return fail(
      `${dirname(beside)} cannot be created or written: ${error.message}`,
      'Set XDG_CACHE_HOME to a writable folder, or install Node.js 24 or newer.',
    );
  }
}

/** Installs into a new folder and renames it, so that two first launches at once are safe. */
function installed(packages, platform) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const names = packages.map(({ name, version }) => `${name.replace(/\W+/g, '-')}-${version}`);
  const folder = join(cache, 'pkgcompose', 'node', names.join('+'));
  if (existsSync(folder)) return folder;
  process.stderr.write(
    `compose: getting Node.js ${packages[0].version} for ${platform} (about 50 MB, once)\n`,
  );
  const temporary = newFolder(folder);
  npmInstall(temporary, packages);
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Answers what needs no other Node.js: the version, and the help that bin/write-help.js put beside the program. Undefined for the rest. */
export function knownAnswer(words) {
  const alone = words.length === 1 ? words[0] : '';
  if (alone === '--version' || alone === 'version') {
    return `${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`;
  }
  const help = new URL('../dist/help.txt', import.meta.url);
  return (alone === '--help' || alone === 'help') && existsSync(help)
    ? readFileSync(help, 'utf8')
    : undefined;
}

/** Runs the program on a newer Node.js with the same arguments and streams, and passes on signals and the exit code. */
export async function runOnNewerNode(requiredMajor) {
  const platform = `${process.platform}-${process.arch}`;
  if (isMusl()) {
    fail(
      `pkgcompose needs Node.js ${requiredMajor} or newer, got ${process.versions.node}, and the npm registry has none for musl`,
      `Install it with the system's package manager (apk add nodejs, from Alpine 3.23 on), or use an image such as node:${requiredMajor}-alpine.`,
    );
  }
  const nodePackage = pinned('node', platform);
  if (nodePackage === undefined) {
    fail(
      `pkgcompose needs Node.js ${requiredMajor} or newer, got ${process.versions.node}, and the npm registry has none for ${platform}`,
      `Install Node.js ${requiredMajor} or newer and run compose with it.`,
    );
  }
  const native = missingNativeModule(platform);
  const folder = installed(native === undefined ? [nodePackage] : [nodePackage, native], platform);
  const env = { ...process.env };
  if (native !== undefined) {
    const file = native.name.replace('@napi-rs/lzma-', 'lzma.');
    env.NAPI_RS_NATIVE_LIBRARY_PATH = join(folder, 'node_modules', native.name, `${file}.node`);
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
      fail(`could not start ${child.spawnfile}: ${error.message}`, `Remove ${folder} and start again.`),
    );
    child.on('close', (...ended) => resolve(ended));
  });
  process.exitCode = signal === null ? code : 128 + (constants.signals[signal] ?? 0);
}
