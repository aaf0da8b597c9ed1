import type { ArchiveFacts } from '../../model/archive.ts';
import type { InstalledPackage } from '../install.ts';
import { shellQuote } from '../shared/shell/quote.ts';
import type { HookPlan, TriggeredHook } from './hooks.ts';
import type { InstallStep } from './known-step.ts';

/** Functions that pacman calls for an installation, before and after unpacking. */
const SCRIPTLETS = ['pre_install', 'post_install'] as const;

/**
 * Returns the path of a package's scriptlets, without a leading slash. Package names are single path components: the archive
 * reader refuses others.
 */
export function scriptletPath(facts: ArchiveFacts): string {
  return `.pkg/arch/${facts.name}/INSTALL`;
}

/** Returns the path of the file with a hook's targets, its standard input; no leading slash. */
export function hookTargetsPath(hook: TriggeredHook): string {
  return `.pkg/arch-hooks/${hook.hook.name}.targets`;
}

/** Returns the name of a step in `/.pkg/state`. */
export function stepName(step: InstallStep): string {
  switch (step.kind) {
    case 'scriptlet':
      return `${step.installed.facts.name}-${step.installed.facts.version} ${step.name}`;
    case 'ldconfig':
      return 'ldconfig';
    case 'hook':
      return `hook ${step.hook.hook.name}`;
  }
}

/**
 * Returns the functions of `.INSTALL` that pacman calls: libalpm only checks whether the name occurs anywhere outside of
 * comments.
 */
export function scriptletsOf(facts: ArchiveFacts): string[] {
  const script = facts.scripts.find(({ name }) => name === 'INSTALL');
  if (script === undefined) return [];
  const code = Buffer.from(script.content, 'base64').toString('latin1').replaceAll(/#.*/g, '');
  return SCRIPTLETS.filter((name) => code.includes(name));
}

/**
 * Returns the text of `/.pkg/install.sh`, which does what pacman does after unpacking, in the same order (libalpm add.c, trans.c,
 * hook.c; compared with pacman 6.0.2): scriptlets package by package, ldconfig, PostTransaction hooks. As in pacman, a command
 * that fails is reported, the rest still run, and the exit status is 0.
 */
export function installScript(
  packages: readonly InstalledPackage[],
  plan: HookPlan,
  pendingSteps: readonly string[],
): string {
  const scriptlets = packages.flatMap(({ facts }) =>
    scriptletsOf(facts).map((name) =>
      line('scriptlet', [
        `${facts.name}-${facts.version}`,
        // Both become parts of a command line, as in pacman's own `sh -c`.
        shellQuote(`/${scriptletPath(facts)}`),
        name,
        shellQuote(facts.version),
      ]),
    ),
  );
  const problems = plan.problems.map((problem) => `printf '%s\\n' ${shellQuote(problem)} >&2\n`);
  const hooks = plan.hooks.map((hook, index) => hookLine(hook, `(${index + 1}/${plan.hooks.length})`));
  const announce = hooks.length === 0 ? '' : "echo ':: Running post-transaction hooks...'\n";
  const scratch = packages.some(({ facts }) => facts.scripts.length > 0) ? 'scratch_folder\n' : '';
  return [
    HEAD(pendingSteps),
    scratch,
    ...scriptlets,
    'linker_cache\n',
    ...problems,
    announce,
    ...hooks,
    TAIL,
  ].join('');
}

function hookLine(triggered: TriggeredHook, count: string): string {
  const { hook, unsatisfied } = triggered;
  const title = `${count} ${hook.description === '' ? hook.name : hook.description}`;
  if (unsatisfied.length > 0) return line('skip_hook', [title, hook.name, unsatisfied.join(' ')]);
  const input = hook.needsTargets ? `/${hookTargetsPath(triggered)}` : '/dev/null';
  const [program = '', ...args] = hook.command;
  // For a bare name, execv(3) looks in the current folder, which is the root; a shell would look in PATH.
  const path = program.includes('/') ? program : `./${program}`;
  return line('hook', [title, hook.name, input, path, ...args]);
}

function line(command: string, words: readonly string[]): string {
  return `${[command, ...words.map((word) => (word === '' ? "''" : shellQuote(word)))].join(' ')}\n`;
}

/** Returns the steps for a comment, which a control character in a hook's name could otherwise end. */
function listed(pendingSteps: readonly string[]): string {
  if (pendingSteps.length === 0) return '# Nothing is left to do.\n';
  const lines = pendingSteps.map((step) => `#   ${step.replaceAll(/[\0-\x1f\x7f]/g, '?')}\n`);
  return `# Left to do, in this order:\n${lines.join('')}`;
}

const HEAD = (pendingSteps: readonly string[]) => `#!/bin/sh
# Finishes the install of this image's packages as pacman does after unpacking them: scriptlets in install order,
# ldconfig, post-transaction hooks. Safe to run again: what ended well is skipped, what failed is tried again.
# Exit status: 0, also when commands failed, as pacman's; 2 when the state cannot be kept.
${listed(pendingSteps)}umask 022
PATH=\${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
SHLVL=\${SHLVL:-1}
export PATH SHLVL
unset BASH_ENV
state=/.pkg/state
failed=0
newline='
'
shell=/bin/sh
for candidate in /usr/bin/bash /bin/bash; do
  if [ -x "$candidate" ]; then shell=$candidate; break; fi
done

cd / || exit 2
finished=$newline
if [ -f "$state" ]; then
  while IFS= read -r entry; do finished=$finished$entry$newline; done < "$state"
fi

# is_done <step>
is_done() {
  case $finished in *"$newline$1$newline"*) return 0 ;; esac
  return 1
}

# ended <step> <exit status> <what>
ended() {
  if [ "$2" -ne 0 ]; then
    printf 'error: %s: command failed to execute correctly (exit status %s)\\n' "$3" "$2" >&2
    failed=$((failed + 1))
    return 0
  fi
  printf '%s\\n' "$1" >> "$state" || {
    echo "error: cannot write $state: run this as root on a writable image" >&2
    exit 2
  }
}

# scriptlet <package-version> <file> <function> <version>
scriptlet() {
  if is_done "$1 $3"; then return 0; fi
  printf '%s %s\\n' "$3" "$1"
  "$shell" -c ". $2; $3 $4" < /dev/null
  ended "$1 $3" "$?" "$1: $3"
}

# pacman copies scriptlets there.
scratch_folder() {
  if [ ! -e /tmp ]; then mkdir -m 1777 /tmp; fi
}

linker_cache() {
  if is_done ldconfig || [ ! -e /etc/ld.so.conf ] || [ ! -x /sbin/ldconfig ]; then return 0; fi
  /sbin/ldconfig < /dev/null
  ended ldconfig "$?" ldconfig
}

# hook <title> <name> <input> <command> [argument...]
hook() {
  title=$1
  name=$2
  input=$3
  shift 3
  if is_done "hook $name"; then return 0; fi
  printf '%s\\n' "$title"
  "$@" < "$input"
  ended "hook $name" "$?" "hook $name"
}

# skip_hook <title> <name> <missing>
skip_hook() {
  printf '%s\\n' "$1"
  printf 'error: unable to run hook %s: could not satisfy dependencies (%s)\\n' "$2" "$3" >&2
  failed=$((failed + 1))
}

`;

const TAIL = `
if [ "$failed" -ne 0 ]; then
  echo "error: $failed of the packages' commands failed, see above; pacman goes on as well" >&2
fi
exit 0
`;
