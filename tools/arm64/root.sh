#!/bin/sh
# Unpacks the arm64 libraries that the binary needs into a directory, for qemu-aarch64-static -L DIRECTORY.
#
#   tools/arm64/root.sh DIRECTORY
set -eu
[ -e "$1/lib/ld-linux-aarch64.so.1" ] && exit 0
"$(dirname "$0")/../unpack.sh" arm64 "$1" libc6 libssl3 libgcc-s1 libstdc++6 zlib1g
