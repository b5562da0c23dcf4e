#!/usr/bin/env bash
# Sets up everything in .venv: `setup.sh run` what running needs, `setup.sh test` also what the tests need.
# Idempotent: what is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-test}

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

# Installs Debian packages when it may, else says exactly which are missing and how to get them.
packages() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "setup: installing $* by apt"
    apt-get update -qq >&2 || say "setup: apt-get update failed, trying with the lists at hand"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 </dev/null
  else
    fail "missing: $*. Install it (Debian: sudo apt-get install $*) and run this again."
  fi
}

find_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null &&
      "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

python=$(find_python)
if [ -z "$python" ]; then
  packages python3 python3-venv
  python=$(find_python)
  [ -n "$python" ] || fail "Python 3.11 or newer is needed; 'python3' here is $(python3 --version 2>&1)."
fi
if [ ! -x .venv/bin/python ]; then
  "$python" -c 'import ensurepip' 2>/dev/null || packages python3-venv
  say "setup: making .venv with $("$python" --version)"
  "$python" -m venv .venv
fi

# A stamp holds the digest of what was installed, so that a changed lock is installed anew.
fresh() { [ -f ".venv/.$1" ] && [ "$(cat ".venv/.$1")" = "$2" ]; }

lock=$(cat requirements/dev.txt pyproject.toml | sha256sum | cut -d' ' -f1)
if ! fresh requirements "$lock"; then
  say "setup: installing the locked requirements"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt >&2
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e . >&2
  printf '%s' "$lock" >.venv/.requirements
fi

assets=$(cat package.json package-lock.json scripts/assets.py | sha256sum | cut -d' ' -f1)
if ! fresh assets "$assets" || [ ! -d chassis/web/static/vendor ]; then
  say "setup: fetching the design system and htmx"
  .venv/bin/python scripts/assets.py >&2
  printf '%s' "$assets" >.venv/.assets
fi

if [ "$purpose" = test ]; then
  missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  command -v openssl >/dev/null || missing+=(openssl)
  command -v curl >/dev/null || missing+=(curl)
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
  # Only its programs: the tests start servers of their own.
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
  PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null || missing+=(pgbouncer)
  command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
  command -v mvn >/dev/null || missing+=(maven)
  command -v prometheus >/dev/null || missing+=(prometheus)
  # The image is built and run only by root; without it those tests are skipped, and say so.
  if [ "$(id -u)" = 0 ]; then
    command -v dockerd >/dev/null || missing+=(docker.io)
    command -v iptables >/dev/null || missing+=(iptables)
    command -v ip >/dev/null || missing+=(iproute2)
    # And a Kubernetes cluster, where Go can build it.
    [ -x /usr/lib/cni/ptp ] || missing+=(containernetworking-plugins)
    command -v nft >/dev/null || missing+=(nftables)
    command -v conntrack >/dev/null || missing+=(conntrack)
  fi
  [ ${#missing[@]} -eq 0 ] || packages "${missing[@]}"
  .venv/bin/python -m tests.infrastructure.oidc || fail "the tests' OpenID provider could not be installed."
fi
