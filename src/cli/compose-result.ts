import type { ComposeReport, ComposeRequest } from '../model/request.ts';
import type { Result } from './command.ts';
import { nameLines } from './print.ts';

/** Shows an image that was composed; with --quiet, its digest, or the packages that a dry run would install. */
export function composeResult(
  data: ComposeReport,
  request: ComposeRequest,
  options: { readonly verbose: boolean },
): Result {
  const digest = data.digest === undefined ? '' : `${data.digest}\n`;
  const packages = () => nameLines(data.plan.packages.map(({ name, version }) => `${name}-${version}`));
  const text = async () => (await import('./render/compose.ts')).renderCompose(data, request, options);
  return { kind: 'answer', data, text, quietText: request.dryRun ? packages() : digest };
}
