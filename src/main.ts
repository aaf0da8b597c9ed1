import { EXIT_NODE_TOO_OLD } from './cli/exit-codes.ts';
import { nodeVersionProblem } from './model/node-version.ts';

/**
 * The only static import is the guard: everything else needs the Node.js that it asks for, and better-sqlite3
 * takes an older one down with it.
 */
const problem = nodeVersionProblem(process.versions.node);

if (problem !== '') {
  process.stderr.write(problem);
  process.exitCode = EXIT_NODE_TOO_OLD;
} else if (!(await isVersionPrinted(process.argv.slice(2)))) {
  const { main } = await import('./cli/main.ts');
  await main();
}

/** Most of `compose --version` would be loading the program. Where it is not the whole line, the program prints it. */
async function isVersionPrinted([word = '', ...others]: readonly string[]): Promise<boolean> {
  if (!['--version', '-V'].includes(word) || others.length > 0) return false;
  const { printVersion } = await import('./cli/version.ts');
  return printVersion();
}
