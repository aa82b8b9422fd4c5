# shellcheck shell=bash
# promtool, which judges alert rules. Sourced after venv.sh.

# Taken alone out of Debian's package, which would also install the Prometheus service and let it start at every boot.
ensure_promtool() {
  command -v promtool >/dev/null && return
  [ -x .venv/installed/promtool ] && return
  local fetched
  fetched=$(mktemp -d)
  chmod 755 "$fetched"
  (cd "$fetched" && { apt-get -qq download prometheus || { apt_quietly update && apt-get -qq download prometheus; }; }) \
    2>"$fetched/log" || { cat "$fetched/log" >&2; rm -rf "$fetched"; return 1; }
  dpkg-deb --fsys-tarfile "$fetched"/prometheus_*.deb | tar --extract --to-stdout ./usr/bin/promtool >"$fetched/promtool"
  chmod 755 "$fetched/promtool"
  mv "$fetched/promtool" .venv/installed/promtool
  rm -rf "$fetched"
}
