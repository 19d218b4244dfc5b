#!/bin/sh
# Unpacks Debian packages of an architecture into a directory.
# Uses the machine's package sources with a state of its own, so that no architecture is added to the system.
#
#   tools/unpack.sh ARCHITECTURE DIRECTORY PACKAGE...
set -eu
architecture=$1
root=$2
shift 2
mkdir -p "$root"
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
: > "$state/status"
apt() {
  apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Sandbox::User=root \
    -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" "$@"
}
apt update
(cd "$state" && apt download "$@")
for package in "$state"/*.deb; do
  dpkg-deb --extract "$package" "$root"
done
