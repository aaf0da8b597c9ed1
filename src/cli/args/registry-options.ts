import { refuse } from '../../app/settings/setting-values.ts';
import { parseRepository } from '../../model/reference.ts';
import type { RegistryAccess } from '../../model/registry.ts';
import { type OptionText, type OptionValues, toggle, valued } from './option.ts';

const file = (text: Pick<OptionText, 'describe'>) =>
  valued({ ...text, placeholder: 'FILE', group: 'Registry' }, (texts, where) => {
    const got = texts.at(-1) ?? '';
    return got === '' ? refuse({ where, expected: 'a file', got }) : got;
  });

/** Options of commands that connect to a registry. */
export const REGISTRY_OPTIONS = {
  insecure: toggle({
    group: 'Registry',
    describe: 'Allow plain HTTP, and skip certificate verification',
  }),
  ca: file({ describe: "Certificate authorities (PEM) to trust in addition to the system's" }),
  cert: file({ describe: 'Client certificate (PEM)' }),
  key: file({ describe: 'Private key (PEM) of the client certificate' }),
};

type RegistryValues = OptionValues<typeof REGISTRY_OPTIONS>;

/** Returns the settings of connections to registries. */
export function registryAccess({ insecure, ca, cert, key }: RegistryValues): RegistryAccess {
  return { insecure, ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

/** Returns the settings of connections to registries as a part of ComposeSettings; empty if none of the options is given. */
export function accessSetting(values: RegistryValues): { readonly access?: RegistryAccess } {
  const { insecure, ca, cert, key } = values;
  const isGiven = insecure || ca !== undefined || cert !== undefined || key !== undefined;
  return isGiven ? { access: registryAccess(values) } : {};
}

/** Option of commands that push images. */
export const STORE_OPTION = {
  store: valued(
    {
      placeholder: 'REG/PACKAGES',
      group: 'Output',
      describe: 'Repository that holds each package once; pushed images mount packages from it',
      defaultText: '$PKGCOMPOSE_STORE',
    },
    (texts) => {
      const store = texts.at(-1) ?? '';
      parseRepository(store);
      return store;
    },
  ),
};
