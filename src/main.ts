import { EXIT_NODE_TOO_OLD } from './cli/exit-codes.ts';
import { nodeVersionProblem } from './model/node-version.ts';

/**
 * The only static import is the guard: everything else needs the Node.js that it asks for, and better-sqlite3
 * takes an older one down with it.
 */
const problem = nodeVersionProblem(process.versions.node);

if (problem === '') {
  const { main } = await import('./cli/main.ts');
  await main();
} else {
  process.stderr.write(problem);
  process.exitCode = EXIT_NODE_TOO_OLD;
}
