# shellcheck shell=bash
# Compose of this project, as its variables COMPOSE_FILE and COMPOSE_PROJECT_NAME say. Sourced from the repository's root.

compose() {
  if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

# sql DATABASE STATEMENT: on whichever PostgreSQL leads.
sql() { compose exec -T "$(leader)" psql --no-psqlrc -At --dbname "$1" --command "$2"; }

# The PostgreSQL that leads; fails while none does.
leader() {
  local name
  for name in postgresql postgresql2; do
    if [ "$(compose exec -T "$name" psql --no-psqlrc -Atc 'SELECT pg_is_in_recovery()' postgres 2>/dev/null)" = f ]; then
      echo "$name"
      return
    fi
  done
  return 1
}
