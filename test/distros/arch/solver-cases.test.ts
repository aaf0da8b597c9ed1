import path from 'node:path';
import { change } from '../../../src/distros/arch/change.ts';
import { tell, testCases } from '../cases.ts';
import { BLANK, memorySource } from '../memory-source.ts';
import { readCommandLine } from './pacman-answers.ts';

testCases(path.join(import.meta.dirname, 'cases'), ({ repositories, installed, words }) => {
  const line = readCommandLine(words);
  if (line === undefined) throw new Error(`unknown pacman options: ${words.join(' ')}`);
  const request = {
    targets: line.targets,
    architecture: 'x86_64',
    repositoryNames: repositories.map(({ name }) => name),
    installed: installed.map((one) => ({ ...one, package: { ...BLANK, ...one.package } })),
    world: [],
    pacman: line.options,
  };
  return tell(change(request, memorySource(repositories)), repositories);
});
