import type { CommandModule } from '../command.ts';
import { GENERAL_OPTIONS } from '../options.ts';
import { versionResult } from '../version.ts';

export const command: CommandModule = {
  options: GENERAL_OPTIONS,
  examples: [['compose version --json', 'with the version of Node.js']],
  run: versionResult,
};
