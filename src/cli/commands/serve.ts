import { listenAddress } from '../../app/settings/setting-values.ts';
import { valued } from '../args/option.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'serve',
  argument: '',
  group: 'Registries',
  summary: 'Serve images that are composed as they are pulled',
  options: {
    listen: valued(
      {
        placeholder: 'HOST:PORT',
        group: 'Server',
        describe: 'Address to listen on',
        defaultText: '127.0.0.1:5000',
      },
      listenAddress,
      { host: '127.0.0.1', port: 5000 },
    ),
    ...SOURCE_OPTIONS,
  },
  examples: [['compose serve', 'then: docker pull localhost:5000/alpine/gcc/make']],
  endsWhenAborted: true,
  async run({ options, settings, context }) {
    const { serve } = await import('../../server/serve.ts');
    const { progress } = context;
    await serve(context, { listen: options.listen, sources: [sourceFrom({ settings, options })] }, (url) =>
      progress.note(`serving on ${url}`),
    );
    return { kind: 'text', data: {}, text: '' };
  },
});
