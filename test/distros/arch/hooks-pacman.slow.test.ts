import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { targetTree } from '../../../src/compose/target-tree.ts';
import { planHooks } from '../../../src/distros/arch/hooks.ts';
import { tree } from '../../../src/distros/arch/tree.ts';
import type { InstalledPackage } from '../../../src/distros/install.ts';
import { isAppError } from '../../../src/model/app-error.ts';
import { sharedData } from '../../fixtures/shared.ts';
import { installed } from './installed.ts';
import { layDown, runScript } from './lay-down.ts';

/** One answer of the real pacman: pactest's form, with what 6.0.2 did. */
interface Row {
  readonly name: string;
  readonly args: string;
  readonly emptyLocal: boolean;
  readonly dbs: Readonly<Record<string, { readonly pkgs: readonly RowPackage[] }>>;
  readonly localpkgs: readonly RowPackage[];
  readonly filesystem: readonly { readonly path: string; readonly content?: string }[];
  readonly rules: readonly string[];
  readonly result: Readonly<Record<string, { readonly output: string; readonly log: readonly string[] }>>;
}

interface RowPackage {
  readonly name: string;
  readonly version: string;
  readonly files?: readonly string[];
  readonly install?: Readonly<Record<string, string>>;
}

const HOOK = /^(etc\/pacman\.d\/hooks|usr\/share\/libalpm\/hooks)\/[^/]+\.hook$/;
const MISSING = 'skipped: the answers of real pacman (shared vectors/pacman-other) are not here';

function rows(): readonly Row[] | undefined {
  const folder = sharedData('vectors/pacman-other');
  if (folder === undefined) return undefined;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Row)
    .filter((row) => row.emptyLocal && /^-[SU] /.test(row.args));
}

/** What the row installs; hooks that its root has already are the first package's. */
function packagesOf({ dbs, localpkgs, filesystem }: Row): readonly InstalledPackage[] {
  const packages = localpkgs.length > 0 ? localpkgs : (dbs.sync?.pkgs ?? []);
  const hooks = filesystem.filter(({ path }) => HOOK.test(path));
  return packages.map(({ name, version, files = [], install }, at) =>
    installed({
      name,
      version,
      ...(install === undefined ? {} : { install: scriptOf(install) }),
      files: Object.fromEntries([
        ...files.map((line) => line.replace(/[*|].*$/, '').split(' -> ')).map(fileOf),
        ...(at === 0 ? hooks.map(({ path, content = '' }) => [path, content]) : []),
      ]),
    }),
  );
}

function fileOf([path = '', target]: readonly string[]): [string, string] {
  return [path, target === undefined ? '' : `-> ${target}`];
}

function scriptOf(functions: Readonly<Record<string, string>>): string {
  return Object.entries(functions)
    .map(([name, body]) => `${name}() {\n${body}\n}\n`)
    .join('');
}

test('hooks are run and given what pacman ran and gave them', (t) => {
  const all = rows();
  if (all === undefined) return t.skip(MISSING);
  let seen = 0;
  for (const row of all) {
    const { content: text } = row.filesystem.find(({ path }) => HOOK.test(path)) ?? {};
    const answer = row.result['6.0.2'];
    if (text === undefined || answer === undefined) continue;
    seen += 1;
    const { hooks, problems } = planHooks(packagesOf(row));
    const ran = answer.log.filter((line) => line.startsWith('running '));
    const before = /When = PreTransaction/.test(text);
    // One that comes with its own transaction is read after the packages only.
    assert.deepEqual(
      hooks.map(({ hook }) => `running '${hook.name}'...`),
      before ? [] : ran,
      row.name,
    );
    const warnings = answer.output.match(/^warning: hook .*$/gm) ?? [];
    assert.deepEqual(
      problems,
      [...new Set(warnings)].map((line) => line.replace('$ROOT/', '')),
      row.name,
    );
    if (!before) continue;
    const after = {
      ...row,
      filesystem: row.filesystem.map((one) => ({ ...one, content: later(one.content) })),
    };
    const [triggered] = planHooks(packagesOf(after)).hooks;
    assert.equal(triggered === undefined, ran.length === 0, row.name);
    const written = row.rules.find((rule) => rule.startsWith('FILE_CONTENTS='))?.split('|')[1];
    if (written === undefined) continue;
    // The hook itself is a file of ours, none of theirs.
    const targets = triggered?.targets.map((target) => `${target}\n`).join('');
    assert.equal(targets, written, row.name);
  }
  assert.ok(seen >= 6, `${seen} rows with hooks`);
});

function later(text = ''): string {
  return text.replace('PreTransaction', 'PostTransaction');
}

test('scriptlets do what pacman’s did', (t) => {
  const all = rows();
  if (all === undefined) return t.skip(MISSING);
  let seen = 0;
  for (const row of all.filter(({ localpkgs }) => localpkgs.some(({ install }) => install !== undefined))) {
    seen += 1;
    const root = layDown(t, packagesOf(row));
    const { status, out } = runScript(root);
    assert.equal(status, 0);
    for (const rule of row.rules) {
      const [, not, path] = /^(!?)FILE_EXIST=(.*)$/.exec(rule) ?? [];
      if (path !== undefined) assert.equal(existsSync(join(root, path)), not === '', `${row.name}: ${rule}`);
    }
    const printed = row.result['6.0.2']?.output.split('\ninstalling dummy...\n')[1] ?? '';
    for (const line of printed.split('\n').filter((one) => !one.startsWith('error: ')))
      assert.ok(out.includes(line), `${row.name}: ${line}`);
  }
  assert.ok(seen >= 3, `${seen} rows with scriptlets`);
});

test('the same packages are refused for their files', (t) => {
  const all = rows();
  if (all === undefined) return t.skip(MISSING);
  let refused = 0;
  for (const row of all) {
    const output = row.result['6.0.2']?.output ?? '';
    if (!/conflicting files|Processing package changes/.test(output) || /exists in filesystem/.test(output))
      continue;
    const clash = /^\$ROOT(\S+?)\/? exists in both '(.+)' and '(.+)'$/m.exec(output);
    const build = () =>
      targetTree({
        packages: packagesOf(row),
        rules: tree,
        time: 1,
        installer: {
          begin() {},
          before() {},
          owner: () => ({ uid: 0, gid: 0 }),
          after() {},
          end: () => ({ pendingSteps: [], appliedSteps: [] }),
        },
      });
    if (clash === null) {
      build();
      continue;
    }
    refused += 1;
    assert.throws(
      build,
      (error) =>
        isAppError(error, 'CONFLICT') &&
        error.message.startsWith(`${clash[1]}: ${clash[2]}-1.0-1 and ${clash[3]}-1.0-1 cannot be installed`),
      row.name,
    );
  }
  assert.ok(refused >= 1);
});
