# Sourced by ./compose and bin/run, with $root set to the checkout. POSIX sh.
#
# If everything is ready, this costs no process but one `find`. Whatever is missing is made once, under a lock, and renamed into
# place, so that two launches at once are safe and a killed one leaves nothing half-made.
#   .node/node          the Node.js to use: a link to the machine's own (24 or newer) or to one from the npm registry,
#                       whose digest bin/node-packages.txt has
#   node_modules/.ready newer than package-lock.json: dependencies are installed
#   dist/.ready         newer than every source: the build is current

node="$root/.node/node"

say() { printf 'compose: %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$1" >&2
  shift
  for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
  exit 69
}

dependencies_ready() { [ -e "$root/node_modules/.ready" ] && ! [ "$root/package-lock.json" -nt "$root/node_modules/.ready" ]; }

build_ready() {
  [ -e "$root/dist/.ready" ] &&
    [ -z "$(find "$root/src" "$root/bin" "$root/package.json" -newer "$root/dist/.ready" -print -quit)" ]
}

# setup [no-build]
setup() {
  [ -x "$node" ] && dependencies_ready && { [ "${1-}" = no-build ] || build_ready; } && return
  mkdir -p "$root/.node" || die "cannot write to $root" 'The first start installs into the checkout: make it writable, or start it once as its owner.'
  lock
  [ -x "$node" ] || find_node
  dependencies_ready || install_dependencies
  [ "${1-}" = no-build ] || build_ready || build
  unlock
}

# The lock is a folder that holds its owner's pid. A lock whose owner is gone is renamed away, by one launch only.
lock() {
  waited=0
  until mkdir "$root/.node/lock" 2>/dev/null; do
    owner=$(cat "$root/.node/lock/pid" 2>/dev/null || :)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null || { [ -z "$owner" ] && [ "$waited" -ge 10 ]; }; then
      mv "$root/.node/lock" "$root/.node/stale.$$" 2>/dev/null && rm -rf "$root/.node/stale.$$"
      continue
    fi
    [ "$waited" -ne 0 ] || say "waiting for the set-up by process ${owner:-?}"
    waited=$((waited + 1))
    [ "$waited" -lt 900 ] || die "the set-up of another process has not ended in 15 minutes" "If none is running: rm -r $root/.node/lock"
    sleep 1
  done
  temporary="$root/.node/tmp.$$"
  trap unlock EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  echo "$$" >"$root/.node/lock/pid"
}

unlock() {
  rm -rf "$temporary" "$root/.node/lock"
  trap - EXIT INT TERM HUP
}

need_npm() {
  command -v npm >/dev/null 2>&1 ||
    die 'npm is not on PATH, and the first start needs it' 'Install Node.js with npm (any version from 20 on), then start again.'
}

# With these, an unreachable registry is reported within half a minute instead of five.
npm_flags='--ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error --fetch-timeout=10000 --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=2000'

# npm_ci FOLDER [FLAG…]: on failure, $reason is the line that says why, out of npm's many.
npm_ci() {
  folder=$1
  shift
  mkdir -p "$temporary"
  # shellcheck disable=SC2086
  (cd "$folder" && npm ci $npm_flags "$@" >&2 2>"$temporary/npm.log") && return
  reason=$(awk '/^npm (error|ERR!) code /{ code = $4 ": "; next }
    /^npm (error|ERR!) *(errno|type|syscall|path|A complete log|$)/{ next }
    sub(/^npm (error|ERR!) (network )?/, ""){ print code $0; exit }' "$temporary/npm.log")
  [ -n "$reason" ] || reason=$(tail -n 1 "$temporary/npm.log")
  return 1
}

# What to do about $reason.
npm_hint() {
  case $reason in
    *CERT*) echo 'Where a proxy reads HTTPS traffic, name its certificate file in NODE_EXTRA_CA_CERTS, then start again.' ;;
    *) echo 'Check the network and the registry (npm ping), then start again.' ;;
  esac
}

is_musl() {
  for loader in /lib/ld-musl-*.so.1; do [ -e "$loader" ] || return 1; done
  ! [ -e /lib64/ld-linux-x86-64.so.2 ] && ! [ -e /lib/ld-linux-aarch64.so.1 ]
}

platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Linux-amd64) echo linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo linux-arm64 ;;
    Darwin-x86_64) echo darwin-x64 ;;
    Darwin-arm64) echo darwin-arm64 ;;
  esac
}

link_node() {
  mkdir -p "$temporary"
  ln -s "$1" "$temporary/node" && mv -f "$temporary/node" "$node"
}

is_new_enough() { "$1" -e 'process.exit(Number.parseInt(process.versions.node, 10) >= 24 ? 0 : 1)' >/dev/null 2>&1; }

find_node() {
  found=$(command -v node || :)
  if [ -n "$found" ] && is_new_enough "$found"; then
    link_node "$found"
    return
  fi
  if is_musl; then
    die "this system's C library is musl, and the npm registry has no Node.js for it" \
      'Install Node.js 24 or newer, then start again: apk add nodejs npm (Alpine 3.23 or newer; the image node:24-alpine has it).'
  fi
  row=$(grep "^node $(platform) " "$root/bin/node-packages.txt" || :)
  [ -n "$row" ] ||
    die "the npm registry has no Node.js 24 for $(uname -s) on $(uname -m)" 'Install Node.js 24 or newer as `node`, then start again.'
  need_npm
  # shellcheck disable=SC2086
  set -- $row
  name=$3 version=$4 integrity=$5
  say "getting Node.js $version (about 50 MB, once)"
  made="$temporary/node-install"
  mkdir -p "$made"
  printf '{ "private": true, "dependencies": { "%s": "%s" } }\n' "$name" "$version" >"$made/package.json"
  printf '{ "lockfileVersion": 3, "requires": true, "packages": { "": { "dependencies": { "%s": "%s" } }, "node_modules/%s": { "version": "%s", "integrity": "%s" } } }\n' \
    "$name" "$version" "$name" "$version" "$integrity" >"$made/package-lock.json"
  npm_ci "$made" ||
    die "could not get $name@$version from the npm registry: $reason" \
      "$(npm_hint)" 'Or install Node.js 24 or newer as `node`.'
  binary="node_modules/$name/bin/node"
  is_new_enough "$made/$binary" ||
    die "the Node.js of $name@$version does not run on this machine" 'Install Node.js 24 or newer with the system'\''s package manager as `node`, then start again.'
  rm -rf "$root/.node/$version"
  mv "$made" "$root/.node/$version"
  link_node "$version/$binary"
}

# npm runs on the Node.js that the dependencies will run on: under an older one it leaves out optional native modules that need a
# newer one.
install_dependencies() {
  need_npm
  say 'installing dependencies'
  own_path=$PATH
  PATH="$root/.node:$PATH"
  npm_ci "$root" --include=dev --include=optional ||
    die "npm ci failed: $reason" "$(npm_hint)"
  PATH=$own_path
  touch "$root/node_modules/.ready"
}

# The stamp is older than the bundler's run, so a source that changes meanwhile is built next time.
build() {
  say 'building'
  mkdir -p "$temporary/dist"
  touch "$temporary/dist/.ready"
  "$node" "$root/bin/build.js" "$temporary/dist" >&2 ||
    die 'the build failed' 'A clean checkout builds: check git status.'
  if [ -e "$root/dist" ]; then mv "$root/dist" "$temporary/old"; fi
  mv "$temporary/dist" "$root/dist"
}
