import type { ComposeReport, ComposeRequest, LayerEncoding } from '../../model/request.ts';
import type { Image } from '../../output/image.ts';
import { writeImageTar } from '../../output/image-tar.ts';
import { encodingForEngine } from '../archives/layer-format.ts';
import type { Context } from '../context.ts';

type Load = NonNullable<ComposeRequest['output']['load']>;

/**
 * Decides the encoding of the layers; an engine is asked for its version only if that matters.
 * @throws AppError as detectEngine
 */
export async function layerEncodingFor(context: Context, request: ComposeRequest): Promise<LayerEncoding> {
  const { load } = request.output;
  if (load === undefined || request.layerEncoding !== 'keep') return request.layerEncoding;
  return encodingForEngine(request.layerEncoding, await detect(context, load));
}

/**
 * Writes, loads and pushes the image, as requested.
 * @throws AppError as writeImageTar, writeOciDirectory, loadIntoEngine and pushComposed
 */
export async function deliver(
  context: Context,
  request: ComposeRequest,
  image: Image,
): Promise<Pick<ComposeReport, 'output' | 'loadedInto' | 'pushed'>> {
  const { path, format, load, push } = request.output;
  const options = { progress: context.progress, signal: context.signal };
  if (path !== undefined) {
    if (format === 'oci-dir') {
      const { writeOciDirectory } = await import('../../output/oci-dir.ts');
      await writeOciDirectory(image, path, options);
    } else {
      await writeImageTar(image, path, options);
    }
  }
  let loadedInto: string | undefined;
  if (load !== undefined) {
    const { loadIntoEngine } = await import('../../output/engine.ts');
    const engine = await detect(context, load);
    await loadIntoEngine(engine, image, options);
    loadedInto = `${engine.name} ${engine.version}`;
  }
  if (push === undefined) return { output: path, loadedInto, pushed: [] };
  const { pushComposed } = await import('../images/push.ts');
  return { output: path, loadedInto, pushed: await pushComposed(context, image, push) };
}

async function detect(context: Context, load: Load) {
  const { detectEngine } = await import('../../output/engine.ts');
  return detectEngine(load, context.env);
}
