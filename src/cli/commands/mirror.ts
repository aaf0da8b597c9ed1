import { refuse, word } from '../../app/settings/setting-values.ts';
import { toggle, valued } from '../args/option.ts';
import { FILE_LISTS_OPTION } from '../args/query-options.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { SOURCE_OPTIONS, sourceFrom } from '../args/source-options.ts';
import { defineAction, defineActions } from '../command.ts';

const hint = 'See compose mirror --help.';

const add = defineAction({
  argument: '[PKG…]',
  options: {
    to: valued(
      {
        placeholder: 'REG/NAME[:TAG]',
        group: 'Registry',
        describe: 'Registry repository to mirror into',
        defaultText: "the release's tag",
      },
      word,
    ),
    all: toggle({ group: 'Query', describe: 'Mirror every package of the repositories' }),
    ...FILE_LISTS_OPTION,
    ...SOURCE_OPTIONS,
  },
  async run({ settings, options, args: packages, app }) {
    const { to, all, files, quiet } = options;
    const where = 'compose mirror add';
    if (to === undefined) return refuse({ where, expected: '--to REG/NAME', got: undefined, hint });
    if (all && packages.length > 0) {
      refuse({ where, expected: 'packages or --all', got: packages.join(' '), hint });
    }
    const data = await app.mirrorAdd({ source: sourceFrom({ settings, options }), packages, all, files, to });
    const text = async () => (await import('../render/mirror.ts')).renderMirrorAdd(data, { quiet });
    return { kind: 'answer', data, text };
  },
});

const ls = defineAction({
  argument: 'REG/NAME[:TAG]',
  options: REGISTRY_OPTIONS,
  async run({ options, args: [mirror], app }) {
    const data = await app.mirrorList({ mirror, access: registryAccess(options) });
    const text = async () => (await import('../render/mirror.ts')).renderMirrorList(data);
    return { kind: 'answer', data, text };
  },
});

export const command = defineActions({
  name: 'mirror',
  argument: 'add|ls REG/NAME',
  group: 'Repositories and cache',
  summary: 'Mirror package repositories into a registry',
  arguments: {
    describe:
      'add PKG…: with their dependencies, or --all, or only the index; ls REG/NAME[:TAG]: list releases',
    complete: 'package',
  },
  actions: { add, ls },
  examples: [
    [
      'compose mirror add --release v3.19 --repo main --all --to registry.example/alpine',
      'a whole repository; run again to add what is new',
    ],
    [
      'compose mirror add git openssh --distro arch --to registry.example/arch',
      'two packages with their dependencies, and the indexes of core and extra',
    ],
    ['compose git --repo oci://registry.example/alpine:v3.19', 'compose from it'],
    ['compose mirror ls registry.example/alpine', 'releases, repositories and generations'],
  ],
});
