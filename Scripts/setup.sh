#!/usr/bin/env bash
# Installs what building (and, with "test", testing) needs, by Debian package name; quick when all is there.
#   Scripts/setup.sh build|test|bench
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/cache.sh

build_packages=(libcurl4-openssl-dev libarchive-dev libnghttp2-dev libexpat1-dev libyaml-dev libsqlite3-dev libssl-dev zlib1g-dev gcc libc6-dev pkg-config ca-certificates)
test_packages=(python3 python3-venv curl strace wrk nghttp2-client prometheus)
bench_packages=(nginx-light g++ libgrpc++-dev protobuf-compiler-grpc)

missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "setup: installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A kubectl of one Debian suite, unpacked under the cache: installing could clash with one that is already there.
unpack_kubectl() {
  local suite=$1 package=$2 target="$APUS_CACHE/kubectl-$1"
  [ -x "$target/kubectl" ] && return 0
  echo "setup: unpacking kubectl from Debian's suite $suite"
  local root="$APUS_CACHE/apt-$suite"
  rm -rf "$root" && mkdir -p "$root"/{lists/partial,archives/partial,download} "$target"
  : >"$root/status"
  # The mirror is the one this machine uses for its own packages.
  local mirror
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } | awk '
    /^deb[ \t]/ { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/ && !found++) print $i }
    /^URIs:/ && !found++ { print $2 }')
  [ -n "$mirror" ] || { echo "setup: no Debian mirror found in /etc/apt" >&2; return 1; }
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$root/sources.list"
  local options=(-o "Dir::Etc::SourceList=$root/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$root/lists" -o "Dir::State::status=$root/status" -o "Dir::Cache::Archives=$root/archives"
    -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o APT::Sandbox::User=root)
  apt-get -qq "${options[@]}" update
  (cd "$root/download" && apt-get -qq "${options[@]}" download "$package")
  dpkg -x "$root/download/$package"_*.deb "$root/unpacked"
  cp "$(find "$root/unpacked" -type f -name 'kubectl*' -size +1M -print -quit)" "$target/kubectl"
  chmod +x "$target/kubectl"
  rm -rf "$root"
}

# Services that a package would start: a test starts what it needs by itself, on a port of its own.
without_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then "$@"; return; fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  local status=0
  "$@" || status=$?
  as_root rm -f "$policy"
  return "$status"
}

# A virtual environment with pinned packages; made again when its pins change.
make_environment() {
  local name=$1 pins="Tests/Requirements/$1.txt" target="$APUS_CACHE/venv-$1"
  cmp -s "$pins" "$target/pins.txt" && return 0
  echo "setup: Python environment $name"
  rm -rf "$target"
  python3 -m venv "$target"
  "$target/bin/pip" install -q --disable-pip-version-check -r "$pins"
  cp "$pins" "$target/pins.txt"
}

mkdir -p "$APUS_CACHE"
case "${1:-build}" in
build) install_packages "${build_packages[@]}" ;;
test | bench)
  packages=("${build_packages[@]}" "${test_packages[@]}")
  [ "$1" = test ] || packages+=("${bench_packages[@]}")
  without_services install_packages "${packages[@]}"
  unpack_kubectl bookworm kubernetes-client
  unpack_kubectl trixie kubectl
  for pins in Tests/Requirements/*.txt; do make_environment "$(basename "$pins" .txt)"; done
  ;;
*)
  echo "usage: $0 build|test|bench" >&2
  exit 2
  ;;
esac
