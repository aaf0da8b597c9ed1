import { integer } from '../../app/settings/setting-values.ts';
import { toggle, valued } from './option.ts';

/** Real chains stay below 100; a line of a tree is as long as it is deep. */
export const MAX_DEPTH = 500;

/** Options of commands that follow relations. */
export const DEPTH_OPTION = {
  depth: valued({ placeholder: 'N', group: 'Query', describe: 'Maximum depth' }, (texts, where) =>
    integer({ from: 1, to: MAX_DEPTH }, texts, where),
  ),
};

/** Option of commands that can follow Arch's optional dependencies. */
export const OPTIONAL_OPTION = {
  optional: toggle({ group: 'Query', describe: 'Include optional dependencies (Arch)' }),
};

/** Option of commands that answer many queries in one process. */
export const BATCH_OPTION = {
  batch: toggle({
    group: 'Query',
    describe: 'Read queries from standard input, one per line, and write one answer per line',
  }),
};

/** Option of commands that fetch indexes. */
export const FILE_LISTS_OPTION = {
  files: toggle({
    group: 'Query',
    describe: 'Also fetch the file lists of all packages, for files and owns (Arch)',
  }),
};
