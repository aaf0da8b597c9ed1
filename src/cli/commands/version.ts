import { GENERAL_OPTIONS } from '../args/options.ts';
import type { CommandModule } from '../command.ts';
import { versionResult } from '../version.ts';

export const command: CommandModule = {
  options: GENERAL_OPTIONS,
  examples: [['compose version --json', 'with the version of Node.js']],
  run: versionResult,
};
