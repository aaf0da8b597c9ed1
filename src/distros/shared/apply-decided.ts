import type { Root } from '../install.ts';
import { RootDraft } from './root-draft.ts';
import { Undecided } from './shell/undecided.ts';

/**
 * Changes the root as `run` changes a draft of it, if all its effects are decided and it returns the exit status 0. A script that
 * fails is left to install.sh, which reports it as the package manager does.
 * @returns the reason why the root was not changed; `undefined` when it was
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
