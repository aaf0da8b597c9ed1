import type { Root } from '../install.ts';
import { RootDraft } from './root-draft.ts';
import { Undecided } from './shell/undecided.ts';

/**
 * Changes the root as `run` changes a draft of it, where all of that is decided and the exit status that `run` returns is 0:
 * a script that fails is reported by the package manager, and so it will be by the run that is left to install.sh.
 * @returns why the root was left as it was; `undefined` when it was changed
 */
export function applyDecided(root: Root, run: (draft: RootDraft) => number): string | undefined {
  const draft = new RootDraft(root);
  try {
    const status = run(draft);
    if (status !== 0) return `ends with ${status}`;
  } catch (error) {
    if (error instanceof Undecided) return error.message;
    throw error;
  }
  draft.commit();
  return undefined;
}
