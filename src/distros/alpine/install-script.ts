import type { InstalledPackage } from '../install.ts';
import { shellQuote } from '../shared/shell-quote.ts';
import type { TriggerRun } from './triggers.ts';

/**
 * `/.pkg/install.sh`. Only shell builtins: when it starts, busybox has not linked its applets yet. What apk does
 * (2.14, seen on the tool): each script gets a clean environment, `/` as folder and the version as argument; one
 * that fails is reported, the rest still run, and the exit status is 1. A step that ended well is noted in
 * /.pkg/state and is not run again; a failed one is.
 */
export function installScript(
  packages: readonly InstalledPackage[],
  triggers: readonly TriggerRun[],
): string {
  const steps = packages.flatMap(({ facts }) =>
    INSTALL_SCRIPTS.filter((name) => facts.scripts.some((script) => script.name === name)).map((name) =>
      step(facts, name, [facts.version]),
    ),
  );
  const fired = triggers.map((run) => step(run.package.facts, 'trigger', run.directories));
  return `${HEAD}${[...steps, ...fired].join('')}${TAIL}`;
}

/** In the order that apk runs them: before and after unpacking. */
const INSTALL_SCRIPTS = ['pre-install', 'post-install'];

function step(facts: InstalledPackage['facts'], script: string, args: readonly string[]): string {
  return `step ${[facts.name, facts.version, script, ...args].map(shellQuote).join(' ')}\n`;
}

const HEAD = `#!/bin/sh
# Finishes the install of this image's packages: their pre- and post-install scripts in install order, then
# their triggers, as apk runs them. Safe to run again: what ended well is skipped, what failed is tried again.
# Exit status: 0 when every script ended well, 1 when one failed, 2 when the state cannot be kept.

# apk gives scripts an environment of their own: drop what is exported.
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
  APK_PACKAGE=$package APK_SCRIPT=$script "/.pkg/alpine/$package/$script" "$@"
  status=$?
  if [ "$status" -ne 0 ]; then
    echo "ERROR: $package-$version.$script: script exited with error $status" >&2
    failed=$((failed + 1))
    return 0
  fi
  echo "$package-$version.$script" >> "$state" || {
    echo "ERROR: cannot write $state: run this as root on a writable image" >&2
    exit 2
  }
}

`;

const TAIL = `
if [ "$failed" -ne 0 ]; then
  echo "ERROR: $failed of the packages' scripts failed; run /.pkg/install.sh again to retry them" >&2
  exit 1
fi
`;
