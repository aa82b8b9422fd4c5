# shellcheck shell=bash
# A Python of 3.11 or newer and the project's virtual environment in .venv. Sourced from the repository's root.

# shellcheck source=scripts/lib/system.sh
. scripts/lib/system.sh

# Prints the first Python that is new enough.
find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null &&
      "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# The package that completes this Python with venv and pip: python3.12-venv, or python3-venv.
venv_package() {
  local versioned
  versioned=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if apt-cache show "$versioned" >/dev/null 2>&1; then echo "$versioned"; else echo python3-venv; fi
}

# Prints a Python that can make virtual environments, after installing what is missing.
ensure_python() {
  local python
  if ! python=$(find_python); then
    install_packages python3 python3-venv >&2
    python=$(find_python) || { echo "需要 Python 3.11 或更高版本。" >&2; return 1; }
  fi
  "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages "$(venv_package "$python")" >&2 || return 1
  echo "$python"
}

# A venv that was moved, or whose Python was upgraded, cannot be repaired.
venv_usable() {
  [ "$(cat .venv/installed/location 2>/dev/null)" = "$PWD" ] && .venv/bin/python -c 'import pip' 2>/dev/null
}

# ensure_venv FILE…: .venv holds exactly what these requirement files pin. A copy of each installed file
# lets the next start skip it; an interrupted install leaves no copy and is done again.
ensure_venv() {
  local file python
  if ! venv_usable; then
    python=$(ensure_python) || return 1
    rm -rf .venv
    "$python" -m venv .venv || return 1
    mkdir .venv/installed
    printf '%s\n' "$PWD" >.venv/installed/location
  fi
  for file in "$@"; do
    cmp -s "$file" ".venv/installed/$file" && continue
    echo "正在安装 Python 依赖（$file）…" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --require-hashes --only-binary :all: --requirement "$file" || return 1
    cp "$file" ".venv/installed/$file"
  done
}
