import { AppError } from '../../model/app-error.ts';
import { GENERAL_OPTIONS, REGISTRY_OPTIONS } from '../args/options.ts';
import { accessFromWords, namedArguments } from '../args/registry-words.ts';
import type { CommandModule, Invocation } from '../command.ts';
import { printable } from '../render/format.ts';

/** No password is as long; a file is. */
const MAX_PASSWORD_BYTES = 64 * 1024;

async function passwordOf({ words, input, ask }: Invocation): Promise<string> {
  if (!words.options.has('password-stdin')) return ask('Password', true);
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of input()) {
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

export const command: CommandModule = {
  arguments: { describe: 'REG: localhost:5000, registry.example, docker.io' },
  options: ['username', 'password-stdin', ...REGISTRY_OPTIONS, ...GENERAL_OPTIONS],
  examples: [
    ['compose login registry.example -u me', 'prompts for the password'],
    ['compose login registry.example -u me --password-stdin <token.txt', 'for scripts'],
  ],
  async run(invocation) {
    const { words, app, ask } = invocation;
    const { REG } = namedArguments(words, 'login', ['REG']);
    const given = words.options.get('username')?.at(-1);
    if (given === undefined && words.options.has('password-stdin')) {
      throw new AppError('USAGE', 'compose login --password-stdin: expected --username, got none');
    }
    const username = given ?? (await ask('User name', false));
    const password = await passwordOf(invocation);
    const data = await app.login({ registry: REG, username, password, access: accessFromWords(words) });
    const lines = [
      `logged in to ${data.registry} as ${data.username}; credentials stored in ${data.storedAt}`,
      ...data.notes.map((note) => `note: ${note}`),
    ];
    const text = async () =>
      words.options.has('quiet') ? '' : lines.map((line) => `${printable(line)}\n`).join('');
    return { kind: 'answer', data, text };
  },
};
