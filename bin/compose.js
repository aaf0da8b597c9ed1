#!/usr/bin/env node
// The command of an npm install. Node.js 24 or newer runs the program itself; an older one downloads Node.js 24 from the npm
// registry into the user's cache, once, and hands over to it. Plain JavaScript that Node.js 18 can run.

const REQUIRED_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) >= REQUIRED_MAJOR) {
  await import('../dist/main.js');
} else {
  const { knownAnswer, runOnNewerNode } = await import('./newer-node.js');
  const answer = knownAnswer(process.argv.slice(2));
  if (answer === undefined) await runOnNewerNode(REQUIRED_MAJOR);
  else process.stdout.write(answer);
}
