#!/bin/sh
# Makes the passwords of compose.yaml, a file each in secrets/. Those that are there stay as they are.
set -eu
cd "$(dirname "$0")"
# Nobody else of this machine may enter the folder; in the containers each file is read by whoever runs there.
mkdir -p -m 0700 secrets
for name in postgres deliberation deliberation-owner followup followup-owner sortition sortition-owner \
  volunteer volunteer-owner; do
  [ -s "secrets/$name" ] || { openssl rand -hex 24 >"secrets/$name" && chmod 0644 "secrets/$name"; }
done
