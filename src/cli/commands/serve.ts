import { BEHIND_OPTIONS, behindFrom } from '../args/behind-options.ts';
import { COMPOSING_OPTIONS, imageSettingsIn, sourcesFrom } from '../args/composing-options.ts';
import { accessSetting, registryAccess } from '../args/registry-options.ts';
import { frontFrom, SERVER_OPTIONS } from '../args/server-options.ts';
import { sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'serve',
  argument: '',
  group: 'Registries',
  summary: 'Serve images that are composed as they are pulled',
  options: { ...SERVER_OPTIONS, ...BEHIND_OPTIONS, ...COMPOSING_OPTIONS },
  examples: [
    ['compose serve', 'then: docker pull localhost:5000/alpine/gcc/make'],
    [
      'compose serve --store registry.example/packages --catalog registry.example/catalog:1 --trust-catalog',
      'stateless: one of any number of servers',
    ],
  ],
  endsWhenAborted: true,
  async run({ options, settings, context }) {
    const { readServeConfig, serveConfigSchema } = await import('../../server/operations/config/config.ts');
    if (options['config-schema']) return { kind: 'text', data: {}, text: serveConfigSchema() };
    const { behindOptions } = await import('../../server/behind/settings.ts');
    const { config: file } = options;
    const config = file === undefined ? {} : await readServeConfig(file);
    const { release, arch, refresh } = options;
    const { image, source } = imageSettingsIn(settings);
    const given = { ...source, ...(release && { release }), ...(arch && { arch }) };
    const isSourceGiven = Object.keys(given).length > 0;
    const { distributions: sources = [] } = config;
    const serveOptions = {
      ...config,
      listen: options.listen ?? config.listen ?? { host: '127.0.0.1', port: 5000 },
      sources:
        isSourceGiven || sources.length === 0
          ? sourcesFrom(sourceFrom({ settings: source, options }), options)
          : sources.map((one) => ({ ...one, ...accessSetting(options) })),
      files: options['files-from'] ?? config.filesFrom,
      filesAccess: accessSetting(options).access,
      ...frontFrom(options, config),
      gc: options.gc === undefined ? config.gc : { ...config.gc, everyMs: options.gc },
      reread: async () => frontFrom(options, file === undefined ? {} : await readServeConfig(file)),
      behind: behindOptions(behindFrom(options, config.behind), registryAccess(options)),
      image: { ...config.image, ...image },
      refreshMs: refresh ?? config.refresh,
      recipes: options.recipes ?? config.recipes,
    };
    if (options['check-config']) {
      return { kind: 'text', data: { ok: true }, text: `${file ?? 'the command line'}: ok\n` };
    }
    const { serve } = await import('../../server/serve.ts');
    await serve(context, serveOptions, (url) => context.progress.note(`serving on ${url}`));
    return { kind: 'text', data: {}, text: '' };
  },
});
