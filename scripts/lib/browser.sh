# shellcheck shell=bash
# A Chromium for the browser tests. Sourced after venv.sh.

# Debian has Chromium as a package. Ubuntu has it only as a snap, which does not run everywhere: there Playwright
# fetches its own, once.
ensure_chromium() {
  install_packages libatomic1 # Playwright's driver needs it
  command -v chromium >/dev/null && return
  local fetched=.venv/installed/chromium
  [ -e "$fetched" ] && return
  apt_quietly update
  if [[ $(apt-cache policy chromium) =~ Candidate:\ [0-9] ]]; then
    install_packages chromium
  else
    as_root .venv/bin/python -m playwright install-deps chromium
    .venv/bin/python -m playwright install --only-shell chromium
    touch "$fetched"
  fi
}
