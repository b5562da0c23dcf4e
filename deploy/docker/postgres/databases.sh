#!/bin/sh
# Run once by the PostgreSQL image on an empty data folder: the services' roles and databases (databases.sql, made
# by `borgerting database sql`), with the passwords of compose.yaml's environment.
set -eu
set --
for service in DELIBERATION FOLLOWUP SORTITION VOLUNTEER; do
  name=$(printf %s "$service" | tr '[:upper:]' '[:lower:]')
  eval "password=\$${service}_PASSWORD owner=\$${service}_OWNER_PASSWORD"
  set -- "$@" -v "borgerting_${name}_password=$password" -v "borgerting_${name}_owner_password=$owner"
done
exec psql --username "$POSTGRES_USER" --dbname postgres "$@" --file /borgerting/databases.sql
