import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

/**
 * A new unprivileged user with ids in /etc/subuid, gone after the test; needs root. Undefined: skipped, aloud.
 */
export function temporaryUser(
  t: TestContext,
  options: { readonly subIds?: boolean } = {},
): string | undefined {
  const { subIds = true } = options;
  const name = `pkgcompose-${process.pid}${subIds ? '' : 'n'}`;
  const skip = (why: string): undefined => void t.skip(`skipped: ${why}`);
  if (process.getuid?.() !== 0) return skip('only root can make a user');
  const run = (program: string, ...words: readonly string[]) =>
    spawnSync(program, words, { encoding: 'utf8', cwd: '/' });
  const made = run(
    'useradd',
    '--create-home',
    ...(subIds ? [] : ['--key', 'SUB_UID_COUNT=0', '--key', 'SUB_GID_COUNT=0']),
    name,
  );
  if (made.status !== 0) return skip(`useradd: ${made.stderr ?? 'not here'}`);
  t.after(() => run('userdel', '--remove', name));
  const listed = readFileSync('/etc/subuid', 'utf8').includes(`${name}:`);
  if (listed !== subIds) return skip(`useradd ${subIds ? 'gave no' : 'gave'} ids in /etc/subuid`);
  const readable = run('runuser', '-u', name, '--', process.execPath, import.meta.filename);
  if (readable.status !== 0) return skip(`another user cannot run this checkout: ${readable.stderr}`);
  return name;
}
