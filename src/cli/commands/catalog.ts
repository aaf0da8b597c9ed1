import { toggle } from '../args/option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineAction, defineActions } from '../command.ts';

const push = defineAction({
  argument: 'REF',
  options: REGISTRY_OPTIONS,
  async run({ options, args: [reference], app }) {
    const data = await app.catalogPush({ reference, access: registryAccess(options) });
    const text = async () => (await import('../render/catalog.ts')).renderCatalogPush(data, options);
    return { kind: 'answer', data, text };
  },
});

const pull = defineAction({
  argument: 'REF',
  options: {
    'trust-catalog': toggle({
      group: 'Registry',
      describe: 'Accept the catalog by tag, trusting its publisher, instead of pinning a digest',
    }),
    ...REGISTRY_OPTIONS,
  },
  async run({ options, args: [reference], app }) {
    const believe = options['trust-catalog'];
    const data = await app.catalogPull({ reference, believe, access: registryAccess(options) });
    const text = async () => (await import('../render/catalog.ts')).renderCatalogPull(data, options);
    return { kind: 'answer', data, text };
  },
});

export const command = defineActions({
  name: 'catalog',
  argument: 'push|pull REF',
  group: 'Repositories and cache',
  summary: 'Share package metadata through a registry',
  arguments: {
    describe:
      'push: publish what the catalog knows about packages; pull: import what another machine published; REF: registry.example/team/catalog:1',
  },
  actions: { push, pull },
  examples: [
    ['compose catalog push registry.example/team/catalog:1', 'publish it; only changes are sent'],
    [
      'compose catalog pull registry.example/team/catalog@sha256:…',
      'accept exactly the one with that digest',
    ],
    [
      'compose catalog pull registry.example/team/catalog:1 --trust-catalog',
      'accept whatever the tag points to now',
    ],
  ],
});
