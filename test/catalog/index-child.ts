import { setImmediate as nextTurn } from 'node:timers/promises';
import { Catalog } from '../../src/catalog/catalog.ts';
import { repository } from './fixtures.ts';
import { manyPackages } from './many-packages.ts';

/** `CATALOG COUNT CONTENT [TURNS]`: indexes the repository `u`; killed after so many turns of the event loop in the middle of it */
const [path = '', count = '', content = '', turns] = process.argv.slice(2);
const catalog = new Catalog(path);
const written = catalog.repositories.replace(
  { ...repository('u'), content },
  manyPackages(Number(count), content),
);
if (turns !== undefined) {
  for (let left = Number(turns); left > 0; left -= 1) await nextTurn();
  process.kill(process.pid, 'SIGKILL');
}
await written;
catalog.close();
