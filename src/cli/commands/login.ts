import { AppError } from '../../model/app-error.ts';
import { toggle, valued } from '../args/option.ts';
import { REGISTRY_OPTIONS, registryAccess } from '../args/registry-options.ts';
import { defineCommand } from '../command.ts';
import { printableLine } from '../render/format.ts';

/** Longer than any password; a longer input is a file. */
const MAX_PASSWORD_BYTES = 64 * 1024;

/** Reads all of standard input, without the line break at its end. @throws AppError USAGE when it is too long for a password */
async function readPassword(input: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of input) {
    parts.push(part);
    sizeBytes += part.length;
    if (sizeBytes > MAX_PASSWORD_BYTES) {
      throw new AppError('USAGE', `--password-stdin: expected at most ${MAX_PASSWORD_BYTES} bytes, got more`);
    }
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

export const command = defineCommand({
  name: 'login',
  argument: 'REG',
  group: 'Registries',
  summary: 'Log in to a registry',
  arguments: { describe: 'REG: localhost:5000, registry.example, docker.io' },
  options: {
    username: valued(
      { short: 'u', placeholder: 'USER', group: 'Registry', describe: 'User name', defaultText: 'prompt' },
      (texts) => texts.at(-1) ?? '',
    ),
    'password-stdin': toggle({
      group: 'Registry',
      describe: 'Read the password from standard input instead of prompting',
    }),
    ...REGISTRY_OPTIONS,
  },
  examples: [
    ['compose login registry.example -u me', 'prompt for the password'],
    ['compose login registry.example -u me --password-stdin <token.txt', 'for scripts'],
  ],
  async run({ options, args: [registry], app, input, ask }) {
    const { 'password-stdin': fromInput, quiet } = options;
    if (options.username === undefined && fromInput) {
      throw new AppError('USAGE', 'compose login --password-stdin: expected --username, got none');
    }
    const username = options.username ?? (await ask('User name', false));
    const password = fromInput ? await readPassword(input()) : await ask('Password', true);
    const data = await app.login({ registry, username, password, access: registryAccess(options) });
    const lines = [
      `logged in to ${data.registry} as ${data.username}; credentials stored in ${data.storedAt}`,
      ...data.notes.map((note) => `note: ${note}`),
    ];
    const text = async () => (quiet ? '' : lines.map((line) => `${printableLine(line)}\n`).join(''));
    return { kind: 'answer', data, text };
  },
});
