// node naive.js PKG INDEX…: what a tool without a catalog does for every question: it reads the whole indexes and
// follows names, here without versions, conflicts, install_if, or a check of the signatures.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const [target, ...indexes] = process.argv.slice(2);
const byName = new Map();
for (const index of indexes) {
  for (const record of gunzipSync(readFileSync(index)).toString().split('\n\n')) {
    const entry = { name: '', version: '', depends: [] };
    const names = [];
    for (const line of record.split('\n')) {
      const value = line.slice(2);
      if (line.startsWith('P:')) entry.name = value;
      else if (line.startsWith('V:')) entry.version = value;
      else if (line.startsWith('D:')) entry.depends = value.split(' ');
      else if (line.startsWith('p:')) names.push(...value.split(' '));
    }
    for (const name of [entry.name, ...names.map(bare)]) if (!byName.has(name)) byName.set(name, entry);
  }
}

function bare(relation) {
  return relation.replace(/[<>=~].*/, '');
}

const seen = new Set();
const install = (name) => {
  const entry = byName.get(name);
  if (entry === undefined || seen.has(entry)) return;
  seen.add(entry);
  for (const relation of entry.depends) install(bare(relation));
  console.log(`${entry.name}-${entry.version}`);
};
install(target);
