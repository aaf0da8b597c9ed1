import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openWorkshop, umoci } from './check.ts';
import { type FidelitySet, SETS, setsOf } from './sets.ts';

const USAGE = `npm run fidelity -- [options] SET…
Compares the image that compose makes of each set with what the distribution's own tool installs.
SET: a name from test/fidelity/sets.ts; alpine or arch: all of them; alpine:git,jq or arch:bash: packages
  --install deferred|static|run  how the image is composed [default: deferred]
  --after     compare once scripts have run: real ones on in the tool, /.pkg/install.sh in the image
  --unpack umoci|docker|podman   who unpacks the layers [default: umoci]
  --keep      leave both trees on disk, and say where
  --json      one JSON document a set
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

const sets = positionals.flatMap((word) => {
  const found = setsOf(word);
  if (found.length === 0) stop(`no set ${word}; there are: ${SETS.map(({ name }) => name).join(' ')}`);
  return found;
});
if (values.help || sets.length === 0) stop(USAGE);
const install = values.install;
if (install !== 'deferred' && install !== 'static' && install !== 'run') stop(USAGE);

const folder = mkdtempSync(join(tmpdir(), 'pkgcompose-fidelity-'));
const workshop = openWorkshop(folder);
let failed = 0;
for (const set of sets) failed += (await check(set)) ? 0 : 1;
if (values.keep) console.error(`kept: ${folder}`);
else rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

async function check(set: FidelitySet): Promise<boolean> {
  const label = `${set.distro} ${set.name}`;
  try {
    const { after, keep } = values;
    const started = Date.now();
    const outcome = await workshop.check(set, { install: install as 'run', after, keep, unpack: umoci });
    const { differences, allowed, paths } = outcome;
    if (values.json) console.log(JSON.stringify({ ...outcome, milliseconds: Date.now() - started }));
    else {
      console.log(
        `${differences.length === 0 ? 'same   ' : 'DIFFERS'} ${label}: ${paths} paths, ${differences.length} differ, ${allowed.length} may`,
      );
      for (const { path, ours, theirs } of differences)
        console.log(`  ${JSON.stringify(path)}\n    ours:   ${ours || '-'}\n    theirs: ${theirs || '-'}`);
    }
    return differences.length === 0;
  } catch (error) {
    console.log(`FAILED  ${label}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}
