#!/bin/sh
# Packs one published binary: tools/dist/archive.sh VERSION ARCHITECTURE BINARY OUTPUT_DIRECTORY
# The same source, commit and compiler give the same bytes: names sorted, owner and times fixed, no time in the gzip header.
set -eu

version=$1
architecture=$2
binary=$3
output=$4
root=$(cd "$(dirname "$0")/../.." && pwd)
name=edge-$version-linux-$architecture
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022
mkdir -p "$stage/$name" "$output"
install -m 755 "$binary" "$stage/$name/edge"
for file in LICENSE THIRD-PARTY-NOTICES.md README.md CHANGELOG.md; do
    install -m 644 "$root/$file" "$stage/$name/$file"
done
# What belongs to the repository, and not what somebody has put beside it.
git -C "$root" archive --format=tar HEAD deploy | tar -x -C "$stage/$name" --no-same-permissions
node "$root/tools/dist/sbom.mjs" "$version" "$root" > "$stage/$name/sbom.cdx.json"
cp "$stage/$name/sbom.cdx.json" "$output/$name.sbom.cdx.json"
tar -C "$stage" --sort=name --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
    --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw,a-s -cf - "$name" | gzip -n -9 > "$output/$name.tar.gz"
