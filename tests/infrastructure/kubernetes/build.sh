#!/usr/bin/env bash
# Builds what a cluster is made of from Go modules, once for each state of the sources here, and prints the folder:
# kubebox, which is every part of Kubernetes in one program (with a link for each part), and pause.
#   build.sh CACHE      needs Go and its module proxy; ten minutes where nothing is cached, and 4.6 GB in CACHE
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
cache=$(realpath -m "$1")
digest=$({ cat build.sh kubebox/go.{mod,sum} {kubebox,pause}/*.go; go env GOVERSION; } | sha256sum)
out=$cache/kubebox-${digest::16}
mkdir -p "$cache"
exec 9>"$cache/kubebox.lock"; flock 9
if [ ! -e "$out/complete" ]; then
  echo "building Kubernetes from its Go modules: ten minutes or so where nothing is cached" >&2
  export CGO_ENABLED=0 GOCACHE=$cache/go-build GOFLAGS=
  mkdir -p "$out"
  # Whoever waits sees it live. (It waits by `read`: a `sleep` would outlive it, with whatever reads our words.)
  (while ! read -rt 60 <> <(:); do echo "still building Kubernetes, after $SECONDS s"; done) >&2 9>&- &
  trap "kill $! 2>/dev/null" EXIT
  version() { awk -v m="$1" '$1 == m {print $2; exit}' kubebox/go.mod; }
  kubernetes=$(version k8s.io/kubernetes) helm=$(version helm.sh/helm/v4)
  flags="-s -w -X helm.sh/helm/v4/internal/version.version=$helm"
  minor=${kubernetes#v1.}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
    flags+=" -X $package.gitTreeState=clean -X $package.buildDate=1970-01-01T00:00:00Z"
  done
  # Exit code 3: the modules cannot be had, which is no fault of what is built; a wrong sum is. One lost answer among
  # hundreds is no reason to do without: what has come stays.
  for attempt in 1 2; do
    if go list -C kubebox -deps . 2>&1 >/dev/null | tee "$out/list" >&2; then break; fi
    if grep -qE 'go\.sum|go\.mod|SECURITY|no space left' "$out/list"; then exit 1; fi
    [ "$attempt" = 1 ] || exit 3
    sleep 1
  done
  # Without -trimpath everything would be compiled anew in another checkout.
  go build -C kubebox -trimpath -ldflags "$flags" -o "$out/kubebox" . >&2
  go build -trimpath -ldflags '-s -w' -o "$out/pause" pause/main.go >&2
  for part in etcd kube-{apiserver,controller-manager,scheduler,proxy} kubelet metrics-server coredns netpol kubectl helm; do
    ln -sf kubebox "$out/$part"
  done
  touch "$out/complete"
fi
echo "$out"
