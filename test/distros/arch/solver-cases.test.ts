import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { answer, readCases } from './solver-cases.ts';

const FOLDER = path.join(import.meta.dirname, 'cases');

for (const file of readdirSync(FOLDER).filter((name) => name !== 'README.txt')) {
  const cases = readCases(readFileSync(path.join(FOLDER, file), 'utf8'));
  assert.ok(cases.length > 0, file);
  for (const one of cases) {
    test(`${file}: ${one.name}`, () => assert.deepEqual(answer(one), one.expected));
  }
}
