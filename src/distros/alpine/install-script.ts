import { encodePath } from '../../model/path-bytes.ts';
import type { InstalledPackage } from '../install.ts';
import { shellQuote } from '../shared/shell/quote.ts';
import { hookLabel } from './commit-hooks.ts';
import type { InstallFilesInput, LateEntry } from './install-files.ts';
import { isUnpacked } from './unpacked.ts';

/**
 * Returns the bytes of `/.pkg/install.sh` (bytes, because paths may be any). It uses only shell builtins until a file's owner has
 * to change, because busybox has not linked its applets yet when it starts. As apk does (observed with 2.14), it runs each script
 * with a clean environment, `/` as working directory and the version as argument; if one fails, it reports that, runs the rest,
 * and exits with status 1. A step that succeeded is recorded in `/.pkg/state` and not run again; a failed one is.
 */
export function installScript({
  packages,
  runs,
  hooks,
  pendingSteps,
  late,
  scriptFolder,
  shell,
}: InstallFilesInput): Buffer {
  const steps = packages.flatMap((installed) => {
    const { facts } = installed;
    if (!isUnpacked(installed)) return [];
    const has = (name: string): boolean => facts.scripts.some((script) => script.name === name);
    return [
      ...(has('pre-install') ? [step(facts, 'pre-install', [facts.version])] : []),
      ...ownerLines(facts, late(installed)),
      ...(has('post-install') ? [step(facts, 'post-install', [facts.version])] : []),
    ];
  });
  const fired = runs.map((run) => step(run.package.facts, 'trigger', run.directories));
  return encodePath(
    [
      headOf(shell, pendingSteps),
      FUNCTIONS,
      ...steps,
      ...fired,
      pendingSteps.length === 0 ? '' : folderLine(scriptFolder),
      TAIL,
      ...hooks.map((path) => `hook ${shellQuote(hookLabel(path))} ${shellQuote(path)}\n`),
      END,
    ].join(''),
  );
}

function step(facts: InstalledPackage['facts'], script: string, args: readonly string[]): string {
  return `step ${[facts.name, facts.version, script, ...args].map(shellQuote).join(' ')}\n`;
}

function folderLine(folder: string): string {
  if (folder === '') return '';
  return `
# apk runs scripts from there, for itself alone.
if [ ! -d /${folder} ]; then tool mkdir /${folder}; fi && tool chmod 700 /${folder} || failed=$((failed + 1))
`;
}

/**
 * Lines that change owners of a package's files: when apk unpacks them, earlier scripts have run, so it knows the owners that
 * they made.
 */
function ownerLines(facts: InstalledPackage['facts'], entries: readonly LateEntry[]): readonly string[] {
  if (entries.length === 0) return [];
  const label = `${facts.name}-${facts.version}.owners`;
  const lines = entries.map(({ entry, uid, gid }) => {
    const mode = entry.type === 'symlink' ? '-' : entry.mode.toString(8);
    const words = [label, facts.name, entry.uname, entry.gname, uid, gid, mode, entry.path];
    return `own ${words.map((word) => shellQuote(String(word))).join(' ')}\n`;
  });
  return [...lines, `owned ${shellQuote(label)}\n`];
}

/**
 * Returns the head of the script. Package names and versions have no white space or control characters, so they cannot end the
 * comment.
 */
function headOf(shell: string, pendingSteps: readonly string[]): string {
  const what =
    pendingSteps.length === 0
      ? ['# Nothing is left to do: what the scripts of the packages do is in the image already.']
      : ['# Left to do, in this order:', ...pendingSteps.map((label) => `#   ${label}`)];
  return `#!${shell}
# Finishes the install of this image's packages: their pre- and post-install scripts in install order, then
# their triggers, as apk runs them. Safe to run again: what ended well is skipped, what failed is tried again.
# Exit status: 0 when every script ended well, 1 when one failed, 2 when the state cannot be kept.
#
${what.join('\n')}

`;
}

const FUNCTIONS = `# apk gives scripts an environment of their own: drop what is exported.
eval "$(export -p | while IFS= read -r line; do
  line=\${line#export }
  line=\${line#declare -x }
  name=\${line%%=*}
  case $name in
    '' | _ | [0-9]* | *[!A-Za-z0-9_]* | SHELLOPTS | BASHOPTS) ;;
    *) echo "unset $name" ;;
  esac
done)"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022
state=/.pkg/state
failed=0
newline='
'
given=$newline
broken=$newline
missed=0

cd / || exit 2
finished=$newline
if [ -f "$state" ]; then
  while IFS= read -r line; do finished=$finished$line$newline; done < "$state"
fi

# step <package> <version> <script> [argument...]
step() {
  package=$1
  version=$2
  script=$3
  shift 3
  case $finished in *"$newline$package-$version.$script$newline"*) return 0 ;; esac
  echo "Executing $package-$version.$script"
  # The kernel runs what names its interpreter, or is a program; a shell would take anything else for a script of its own.
  first=
  IFS= read -r first < "/.pkg/alpine/$package/$script" || :
  case $first in
    '#!'*[![:space:]]* | ?ELF*)
      APK_PACKAGE=$package APK_SCRIPT=$script "/.pkg/alpine/$package/$script" "$@"
      status=$?
      ;;
    *) status=127 ;;
  esac
  if [ "$status" -ne 0 ]; then
    echo "ERROR: $package-$version.$script: script exited with error $status" >&2
    failed=$((failed + 1))
    broken=$broken$package$newline
    return 0
  fi
  note "$package-$version.$script"
}

note() {
  case $finished in *"$newline$1$newline"*) return 0 ;; esac
  echo "$1" >> "$state" || {
    echo "ERROR: cannot write $state: run this as root on a writable image" >&2
    exit 2
  }
}

# hook <label> <path>: what it ends with does not count, as with apk.
hook() {
  case $finished in *"$newline$1$newline"*) return 0 ;; esac
  echo "Executing post-commit \${2##*/}"
  APK_SCRIPT=post-commit "/$2" post-commit || echo "ERROR: /$2: exited with error $?" >&2
  note "$1"
}

tool() {
  if command -v "$1" > /dev/null; then "$@"; else /bin/busybox "$@"; fi
}

# id_of <file> <name> <id when there is no such name>
id_of() {
  id=$3
  [ -f "$1" ] || return 0
  while IFS=: read -r name _ number _; do
    if [ "$name" = "$2" ]; then
      id=$number
      return 0
    fi
  done < "$1"
}

# own <label> <package> <user> <group> <uid> <gid> <mode> <path>: gives what has a name for an owner to the one of that name.
own() {
  case $finished in *"$newline$1$newline"*) return 0 ;; esac
  id_of /etc/passwd "$3" "$5"
  uid=$id
  id_of /etc/group "$4" "$6"
  [ "$uid:$id" != "$5:$6" ] || return 0
  tool chown -h "$uid:$id" "/$8" && { [ "$7" = - ] || tool chmod "$7" "/$8"; } || {
    echo "ERROR: /$8: cannot give it to $3:$4" >&2
    missed=$((missed + 1))
    return 0
  }
  given=$given$2:$8=$uid:$id$newline
}

# owned <label>: all of them were given.
owned() {
  if [ "$missed" -eq 0 ]; then note "$1"; else failed=$((failed + 1)); fi
  missed=0
}

`;

const TAIL = `
# The database says who owns what, below the names of its folder and its own, and whose scripts have failed, above
# its first folder. That some have is noted, so that the next run looks there again.
database=/lib/apk/db/installed
look=
if [ "$broken" != "$newline" ]; then note failed; look=1; fi
if [ "$given" != "$newline" ]; then look=1; fi
case $finished in *"\${newline}failed$newline"*) look=1 ;; esac
if [ -n "$look" ] && [ -f "$database" ]; then
  while IFS= read -r line; do
    case $line in
      P:*) package=\${line#P:} flags='' top=1 ;;
      f:*) flags=\${line#f:} flags=\${flags%s}; continue ;;
      F:*)
        folder=\${line#F:} path=$folder
        case $top$broken in 1*"$newline$package$newline"*) flags=\${flags}s ;; esac
        if [ -n "$flags" ]; then printf 'f:%s\\n' "$flags"; fi
        top='' flags=''
        ;;
      R:*) path=$folder\${folder:+/}\${line#R:} ;;
      M:* | a:*)
        case $given in
          *"$newline$package:$path="*)
            ids=\${given#*"$newline$package:$path="}
            line=\${line%%:*}:\${ids%%"$newline"*}:\${line#?:*:*:}
            ;;
        esac
        ;;
    esac
    printf '%s\\n' "$line"
  done < "$database" > "$database.new" && tool mv "$database.new" "$database" || {
    echo "ERROR: cannot write $database" >&2
    exit 2
  }
fi
`;

const END = `if [ "$failed" -ne 0 ]; then
  echo "ERROR: $failed of the packages' steps failed; run /.pkg/install.sh again to retry them" >&2
  exit 1
fi
`;
