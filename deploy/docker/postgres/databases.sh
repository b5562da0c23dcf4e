#!/bin/sh
# Run once by the PostgreSQL image on an empty data folder: the services' roles and databases (databases.sql, made
# by `borgerting database sql`), with the passwords of compose.yaml's secrets, which psql reads itself: no other
# process of the machine sees them among its arguments.
set -eu
secrets=${SECRETS:-/run/secrets}
{
  for service in deliberation followup sortition volunteer; do
    printf '\\set borgerting_%s_password `cat %s/%s`\n' "$service" "$secrets" "$service"
    printf '\\set borgerting_%s_owner_password `cat %s/%s-owner`\n' "$service" "$secrets" "$service"
  done
  cat "${SCRIPT:-/borgerting/databases.sql}"
} | psql --quiet --username "$POSTGRES_USER" --dbname postgres
