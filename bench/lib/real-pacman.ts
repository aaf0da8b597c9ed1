import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Output } from './measure.ts';
import { findTool, toolAt } from './tools.ts';

/** This machine's pacman over databases as if it had synchronised them. Undefined where there is none. */
export function preparePacman(
  databases: Readonly<Record<string, string>>,
  folder: string,
): { print(targets: readonly string[]): Output; search(word: string): Output } | undefined {
  const path = findTool('pacman');
  if (path === undefined) return undefined;
  const dbPath = join(folder, 'root/var/lib/pacman');
  mkdirSync(join(dbPath, 'sync'), { recursive: true });
  const config = join(folder, 'pacman.conf');
  let text = '[options]\nArchitecture = x86_64\nSigLevel = Never\n';
  for (const [name, path] of Object.entries(databases)) {
    cpSync(path, join(dbPath, `sync/${name}.db`));
    text += `[${name}]\nServer = file://${folder}\n`;
  }
  writeFileSync(config, text);
  const places = ['--config', config, '--root', join(folder, 'root'), '--dbpath', dbPath];
  const pacman = toolAt(path, [...places, '--logfile', join(folder, 'log')]);
  return {
    print: (targets) => pacman('-Sp', '--noconfirm', '--print-format', '%n-%v', ...targets),
    search: (word) => pacman('-Ss', word),
  };
}
