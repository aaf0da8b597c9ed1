import { toggle, valued } from './option.ts';

/** Options of every command; defineCommand() adds them. */
export const GENERAL_OPTIONS = {
  cache: valued(
    {
      placeholder: 'DIR',
      group: 'General',
      describe: 'Folder for the cache and catalog',
      defaultText: '$PKGCOMPOSE_CACHE',
    },
    (texts) => texts.at(-1),
  ),
  json: toggle({ group: 'General', describe: 'Print one JSON document, also for errors (docs/json.md)' }),
  quiet: toggle({
    short: 'q',
    group: 'General',
    describe: 'Print only the essential result: a digest, names, or nothing but the exit code',
  }),
  'no-progress': toggle({ group: 'General', describe: 'Show notes but no progress' }),
  verbose: toggle({
    group: 'General',
    describe: 'Show every layer, every HTTP request (on standard error), and the full cause of errors',
  }),
  help: toggle({ short: 'h', group: 'General', describe: 'Show help' }),
  version: toggle({ short: 'V', group: 'General', describe: 'Print the version' }),
};
