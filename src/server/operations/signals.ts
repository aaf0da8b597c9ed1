import type { Progress } from '../../model/progress.ts';
import type { Front, FrontOptions } from './front.ts';

/**
 * Reads files and the configuration again on SIGHUP, and opens the log again on SIGUSR1, until the function that it returns is
 * called.
 */
export function onSignals(
  front: Front,
  { reread, ...options }: FrontOptions & { readonly reread?: (() => Promise<FrontOptions>) | undefined },
  progress: Pick<Progress, 'note'>,
): () => void {
  const reload = async () => {
    try {
      await front.reload((await reread?.()) ?? options);
      progress.note('reloaded: access, limits and certificates; whatever else has changed needs a restart');
    } catch (error) {
      progress.note(`not reloaded: ${(error as Error).message}`);
    }
  };
  const onHangUp = () => void reload();
  const onReopen = () => front.reopenLog();
  process.on('SIGHUP', onHangUp);
  process.on('SIGUSR1', onReopen);
  return () => {
    process.off('SIGHUP', onHangUp);
    process.off('SIGUSR1', onReopen);
  };
}
