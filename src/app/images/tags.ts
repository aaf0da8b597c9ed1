import { fullName, parseRepository } from '../../model/reference.ts';
import type { RegistryAccess, TagsReport } from '../../model/registry.ts';
import { listTags } from '../../registry/tags.ts';
import { type RegistryContext, withRegistries } from '../registries/sessions.ts';

/** Lists all tags of a repository, sorted. @throws AppError NOT_FOUND, AUTH, NETWORK, USAGE */
export async function tags(
  context: RegistryContext,
  request: { readonly repository: string; readonly access: RegistryAccess },
): Promise<TagsReport> {
  const repository = parseRepository(request.repository);
  return withRegistries(context, request, async (session) => ({
    repository: fullName(repository),
    tags: await listTags(session, repository),
  }));
}
