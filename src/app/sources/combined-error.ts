import { AppError } from '../../model/app-error.ts';

/** Several refusals of one thing as one, with every reason: the code and hint are those of the first that is of content. */
export function combinedError(refusals: readonly AppError[]): AppError {
  const [only, ...others] = refusals as [AppError, ...AppError[]];
  if (others.length === 0) return only;
  const first = refusals.find(({ code }) => code !== 'NETWORK' && code !== 'NOT_FOUND') ?? only;
  return new AppError(first.code, refusals.map((error) => error.message).join('\n'), {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    details: first.details,
    cause: first,
  });
}

/** `URL: reason` of every source that was asked, each a line. */
export function reasonsOf(error: AppError): readonly string[] {
  const urls = error.details.urls as readonly { url: string; reason: string }[] | undefined;
  return urls?.map(({ url, reason }) => `${url}: ${reason}`) ?? [error.message.replaceAll('\n', '; ')];
}
