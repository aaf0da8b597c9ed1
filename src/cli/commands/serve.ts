import { listenAddress, word } from '../../app/settings/setting-values.ts';
import { toggle, valued } from '../args/option.ts';
import { accessSetting } from '../args/registry-options.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'serve',
  argument: '',
  group: 'Registries',
  summary: 'Serve images that are composed as they are pulled',
  options: {
    config: valued(
      {
        placeholder: 'FILE',
        group: 'Server',
        describe: 'Configuration, YAML or JSON (docs/serve.md); options on the command line come first',
      },
      word,
    ),
    'check-config': toggle({
      group: 'Server',
      describe: 'Check the configuration, and do not serve',
    }),
    'config-schema': toggle({
      group: 'Server',
      describe: 'Print the JSON Schema of configurations, and do not serve',
    }),
    listen: valued(
      {
        placeholder: 'HOST:PORT',
        group: 'Server',
        describe: 'Address to listen on',
        defaultText: '127.0.0.1:5000',
      },
      listenAddress,
    ),
    ...SOURCE_OPTIONS,
  },
  examples: [['compose serve', 'then: docker pull localhost:5000/alpine/gcc/make']],
  endsWhenAborted: true,
  async run({ options, settings, context }) {
    const { readServeConfig, serveConfigSchema } = await import('../../server/operations/config/config.ts');
    if (options['config-schema']) return { kind: 'text', data: {}, text: serveConfigSchema() };
    const config = options.config === undefined ? {} : await readServeConfig(options.config);
    const isSourceGiven =
      Object.keys({ ...settings, ...accessSetting(options) }).length > 0 ||
      config.distributions === undefined;
    const serveOptions = {
      ...config,
      listen: options.listen ?? config.listen ?? { host: '127.0.0.1', port: 5000 },
      sources: isSourceGiven ? [sourceFrom({ settings, options })] : (config.distributions ?? []),
    };
    if (options['check-config']) {
      const text = `${options.config ?? 'the command line'}: ok\n`;
      return { kind: 'text', data: { ok: true }, text };
    }
    const { serve } = await import('../../server/serve.ts');
    await serve(context, serveOptions, (url) => context.progress.note(`serving on ${url}`));
    return { kind: 'text', data: {}, text: '' };
  },
});
