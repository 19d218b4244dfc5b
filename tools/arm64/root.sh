#!/bin/sh
# Unpacks the arm64 libraries that the binary needs into a directory, for qemu-aarch64-static -L DIRECTORY.
# Uses the machine's package sources with a state of its own, so that no architecture is added to the system.
#
#   tools/arm64/root.sh DIRECTORY
set -eu
root=$1
[ -e "$root/lib/ld-linux-aarch64.so.1" ] && exit 0
mkdir -p "$root"
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
: > "$state/status"
apt() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
    -o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" "$@"
}
apt update
(cd "$state" && apt download libc6 libssl3 libgcc-s1 libstdc++6 zlib1g)
for package in "$state"/*.deb; do
  dpkg-deb --extract "$package" "$root"
done
