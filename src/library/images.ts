import * as read from '../app/settings/setting-values.ts';
import { composeRequest, overlay } from '../app/settings/settings.ts';
import type { DiffReport } from '../model/diff-report.ts';
import type { ComposeReport } from '../model/request.ts';
import type { VerifyReport } from '../model/verify-report.ts';
import { USE_CASES } from '../use-cases.ts';
import * as field from './read-request.ts';
import type { ImageRequest, ImageSettings, RegistrySettings, RunOptions, TrustSettings } from './requests.ts';
import { run } from './run.ts';

/**
 * Composes an image of packages and their dependencies, as `compose PKG…` does.
 * @example
 * const { digest } = await compose({ packages: ['git'], distro: 'alpine', output: 'git.tar' });
 */
export function compose(request: ImageSettings, options?: RunOptions): Promise<ComposeReport> {
  return run(USE_CASES.compose, options, () =>
    composeRequest(field.imageSettings(request), sourceDateEpoch(options)),
  );
}

/**
 * Composes the image that a recipe file describes; other properties take precedence over the recipe's.
 * @example
 * await build({ recipe: 'recipe.yaml', output: 'image', format: 'oci-dir' });
 */
export async function build(
  request: Partial<ImageSettings> & {
    /** Path of a recipe (docs/recipes.md) */
    readonly recipe: string;
  },
  options?: RunOptions,
): Promise<ComposeReport> {
  const { recipe, ...image } = request;
  const lower = await run(USE_CASES.readRecipe, options, () => field.text(recipe, 'recipe'));
  return run(USE_CASES.compose, options, () =>
    composeRequest(overlay(lower, field.imageSettings(image)), sourceDateEpoch(options)),
  );
}

/**
 * Checks an image against its distribution's signatures; `problems` is empty when all is well.
 * @example
 * const { problems } = await verify({ image: 'git.tar' });
 */
export function verify(request: ImageRequest & TrustSettings, options?: RunOptions): Promise<VerifyReport> {
  return run(USE_CASES.verify, options, () => {
    const fields = { image: field.text, platform: field.platform };
    const { source, ...image } = field.withSource(request, fields, field.TRUST_NAMES);
    return { ...image, trust: source, access: source.access };
  });
}

/**
 * Compares two images: packages, layers, files, configuration.
 * @example
 * const { equal } = await diff({ a: 'git.tar', b: 'image' });
 */
export function diff(
  request: RegistrySettings & {
    /** As `image` elsewhere: a file, a folder or a reference */
    readonly a: string;
    readonly b: string;
    /** Platform of both, where they are multi-platform images */
    readonly platform?: string;
  },
  options?: RunOptions,
): Promise<DiffReport> {
  return run(USE_CASES.diff, options, () =>
    field.withAccess(request, { a: field.text, b: field.text, platform: field.platform }),
  );
}

/** The date of the image, as the command line takes it. @throws AppError USAGE */
function sourceDateEpoch({ env = process.env }: RunOptions = {}): number | undefined {
  return read.sourceDateEpoch(env.SOURCE_DATE_EPOCH);
}
