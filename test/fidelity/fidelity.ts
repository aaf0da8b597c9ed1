import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mapConcurrent } from '../../src/fetch/pool.ts';
import { CONCURRENCY, openWorkshop, workFolder } from './check.ts';
import { type FidelitySet, SETS, setsOf } from './sets.ts';
import { dockerUnpacker, podmanUnpacker, type Unpacker, umoci } from './unpack.ts';

const USAGE = `npm run fidelity -- [options] SET…
Compares compose's image of each set with what the distribution's own tool installs into an empty root.
SET: a name from test/fidelity/sets.ts; alpine or arch for all sets; alpine:git,jq or arch:bash for packages
  --install deferred|static|run  how the image is composed [default: deferred]
  --after     compare after scripts have run: by the tool, and by /.pkg/install.sh in the image
  --unpack umoci|docker|podman   what unpacks the image [default: umoci]
  --keep      leave the trees on disk, and say where
  --json      print one JSON document per set, each on its own line
Exit status: 0 if all are equal, 1 if something differs or fails, 2 for a wrong command line or a missing tool.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    install: { type: 'string', default: 'deferred' },
    after: { type: 'boolean', default: false },
    unpack: { type: 'string', default: 'umoci' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const { install, after, keep, json } = values;
const sets = positionals.flatMap((word) => {
  const found = setsOf(word);
  if (found.length === 0) stop(`no set ${word}; there are: ${SETS.map(({ name }) => name).join(' ')}`);
  return found;
});
if (values.help || sets.length === 0) stop(USAGE);
if (install !== 'deferred' && install !== 'static' && install !== 'run') stop(USAGE);

const endings: (() => void | Promise<void>)[] = [];
const folder = workFolder();
process.once('exit', () => {
  if (keep) console.error(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const workshop = openWorkshop(folder);
const unpacker = await chosenUnpacker(values.unpack);
const same = await mapConcurrent(sets, values.unpack === 'umoci' ? CONCURRENCY : 1, check);
for (const end of endings) await end();
process.exitCode = same.every(Boolean) ? 0 : 1;

async function check(set: FidelitySet): Promise<boolean> {
  const started = performance.now();
  const end = (word: string, text: string) => {
    const took = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${word} ${set.distro} ${set.name}: ${text} (${took} s)`);
  };
  try {
    const bench = await workshop.open(set);
    const outcome = await bench.check({ install: install as 'run', after, keep, unpacker });
    if (!keep) bench.close();
    const { differences, allowed, paths } = outcome;
    if (json) console.log(JSON.stringify({ ...outcome, folder: keep ? bench.folder : undefined }));
    else {
      const same = differences.length === 0;
      end(
        same ? 'same   ' : 'DIFFERS',
        `${paths} paths, ${differences.length} differ, ${allowed.length} may`,
      );
      for (const { path, ours, theirs } of differences)
        console.log(`  ${JSON.stringify(path)}\n    ours:   ${ours || '-'}\n    theirs: ${theirs || '-'}`);
    }
    return differences.length === 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (json) console.log(JSON.stringify({ set, error: message }));
    else end('FAILED ', message);
    return false;
  }
}

async function chosenUnpacker(name: string): Promise<Unpacker> {
  if (name === 'umoci') return umoci;
  if (name !== 'docker' && name !== 'podman') stop(USAGE);
  const hooks = { after: (end: () => void) => void endings.push(end), diagnostic: console.error };
  return (
    (await (name === 'docker' ? dockerUnpacker(hooks) : podmanUnpacker(hooks))) ?? stop(`no ${name} here`)
  );
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
