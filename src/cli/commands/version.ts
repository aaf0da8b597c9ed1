import { defineCommand } from '../command.ts';
import { versionResult } from '../version.ts';

export const command = defineCommand({
  name: 'version',
  argument: '',
  group: 'Shell',
  summary: 'Print the version',
  options: {},
  examples: [['compose version --json', 'with the version of Node.js']],
  run: versionResult,
});
