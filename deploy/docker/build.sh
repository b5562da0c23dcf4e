#!/usr/bin/env bash
# Builds the image: deploy/docker/build.sh [TAG] (borgerting:dev when not given).
# Needs a Docker engine (DOCKER_HOST says which), and the .venv of `make setup`. Everything is fetched here, by
# the lock's hashes; the Dockerfile asks no network. BASE names another base image with Python 3.11 and pip.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:-borgerting:dev}
python=.venv/bin/python
[ -x "$python" ] || { echo "build.sh: run 'make setup' first" >&2; exit 1; }
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w "$context" .
"$python" -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
  --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
  --platform manylinux2014_x86_64 --implementation cp \
  -d "$context/wheels" -r requirements/runtime.txt
"$python" -m deploy.supply.sbom --wheels "$context" --wheels "$context/wheels" >"$context/sbom.cdx.json"
cp requirements/runtime.txt deploy/docker/Dockerfile "$context/"
docker build --quiet --tag "$tag" ${BASE:+--build-arg "BASE=$BASE"} "$context"

[ "${MEASURE:-yes}" = yes ] || exit 0 # packing takes a quarter of a minute
# What an operator fetches and what lies on a node's disk: two figures that are often taken for one another.
packed=$(docker save "$tag" | gzip -6 | wc -c)
unpacked=$(docker image inspect --format '{{.Size}}' "$tag")
echo "$tag: $((packed / 1000000)) MB as docker save | gzip writes it, $((unpacked / 1000000)) MB unpacked"
