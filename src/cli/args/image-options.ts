import { INSTALL_MODES, LAYER_ENCODINGS, LAYER_MODES } from '../../app/settings/settings.ts';
import { recipeSettings } from './option.ts';
import { BASE_OPTION } from './source-options.ts';

/** Options of commands that compose an image. */
export const IMAGE_OPTIONS = {
  ...BASE_OPTION,
  ...recipeSettings({
    tag: {
      short: 't',
      placeholder: 'NAME',
      group: 'Image',
      describe: 'Image name',
      defaultText: 'pkgcompose/<first package>:latest',
      common: true,
    },
    layers: {
      placeholder: 'MODE',
      choices: LAYER_MODES,
      group: 'Image',
      describe:
        'One layer per package (package), small packages bundled together (auto), all packages in one (bundle), or all in one with the install layer (single)',
      defaultText: 'package',
    },
    'max-layers': {
      placeholder: 'N',
      group: 'Image',
      describe: 'Maximum number of layers, 1 to 125; further packages are bundled',
      defaultText: '100',
    },
    'layer-encoding': {
      placeholder: 'NAME',
      choices: LAYER_ENCODINGS,
      group: 'Image',
      describe: 'Layer compression; keep leaves the archives as they are',
      defaultText: 'keep',
    },
    install: {
      placeholder: 'MODE',
      choices: INSTALL_MODES,
      group: 'Image',
      describe:
        'When package scripts run: all later in the container (deferred), the predictable ones now (static), or all now in a sandbox (run)',
      defaultText: 'static',
    },
    'no-scripts': { group: 'Image', describe: 'Omit package scripts, triggers and hooks' },
    'no-database': { group: 'Image', describe: 'Omit the package manager’s database' },
    prefix: {
      placeholder: 'DIR',
      group: 'Image',
      describe: 'Install the packages below this directory',
      defaultText: '/',
    },
    add: {
      placeholder: 'SRC:DEST[:MODE[:UID[.GID]]]',
      group: 'Image',
      describe: 'Add a file or folder of this machine, as a layer above the packages',
    },
    env: {
      short: 'e',
      placeholder: 'NAME=VALUE',
      group: 'Image',
      describe: 'Set an environment variable',
    },
    entrypoint: {
      placeholder: 'COMMAND',
      group: 'Image',
      describe: 'Entrypoint: a JSON array, or a shell command',
    },
    cmd: {
      placeholder: 'COMMAND',
      group: 'Image',
      describe: 'Default command: a JSON array, or a shell command',
      defaultText: 'a shell',
    },
    user: { placeholder: 'USER[:GROUP]', group: 'Image', describe: 'User to run as' },
    workdir: { placeholder: 'PATH', group: 'Image', describe: 'Working directory' },
    label: { placeholder: 'NAME=VALUE', group: 'Image', describe: 'Add a label to the image' },
    expose: { placeholder: 'PORT', group: 'Image', describe: 'Declare a port: 80, 53/udp' },
    annotation: {
      placeholder: 'NAME=VALUE',
      group: 'Image',
      describe: 'Add an annotation to the manifest',
    },
  }),
};
