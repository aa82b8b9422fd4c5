# shellcheck shell=bash
# Debian and Ubuntu packages, installed only when missing. Sourced.

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "需要 root 权限或 sudo 才能安装系统软件：$*" >&2
    return 1
  fi
}

package_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NAME…: installs the missing ones; asks the registry only when one is missing.
# The distribution's own services are kept from starting: the servers used here are private ones,
# and a policy file that is already there is left alone.
install_packages() {
  local name missing=() policy=/usr/sbin/policy-rc.d placed=
  for name in "$@"; do
    package_installed "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || { echo "未找到 apt-get，请先自行安装：${missing[*]}" >&2; return 1; }
  echo "正在安装系统软件：${missing[*]}" >&2
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    placed=yes
  fi
  local status=0
  apt_quietly update && apt_quietly install --yes --no-install-recommends "${missing[@]}" || status=$?
  [ -z "$placed" ] || as_root rm -f "$policy"
  return "$status"
}

# Shows apt's output only when it fails.
apt_quietly() {
  local log status=0
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || { echo "apt-get $1 失败：" >&2; tail -n 20 "$log" >&2; }
  rm -f "$log"
  return "$status"
}
