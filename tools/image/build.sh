#!/bin/sh
# Builds Dockerfile.aot without an engine and without a registry, by buildah on this machine (Debian, as root):
# the base image for building is this machine's own /usr, the one for running is unpacked from Debian's packages.
#
#   tools/image/build.sh DIRECTORY [amd64|arm64]         # KAFKA=1 in the environment: with the Kafka sink
#
# Leaves DIRECTORY/files, the files of the image, and DIRECTORY/image.json, its configuration. Needs buildah, gcc, npm and the .NET SDK;
# tor-geoipdb and libmaxmind-db-writer-perl for the countries; for arm64 gcc-aarch64-linux-gnu and libc6-dev-arm64-cross.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
arch=${2:-amd64}
cd "$(dirname "$0")/../.."
# Whatever stood here belongs to an earlier build.
rm -rf "$out/files" "$out/image.json" "$out/storage" "$out/run" "$out/bases"
mkdir -p "$out/bases"

b() { buildah --storage-driver vfs --root "$out/storage" --runroot "$out/run" "$@"; }

base() { # base NAME ARCHITECTURE: an image of the directory bases/NAME
  container=$(b from scratch)
  b copy -q "$container" "$out/bases/$1" / > /dev/null
  b config --arch "$2" "$container"
  b commit -q --format docker "$container" "localhost/edge-base-$1" > /dev/null
  b rm "$container" > /dev/null
}

# For building: only mount points, and what programs expect to find in /etc. Declared as what is built, although it is of this machine:
# Debian's buildah looks for every base image by the platform of the result.
sdk=$out/bases/sdk
mkdir -p "$sdk/etc" "$sdk/usr" "$sdk$HOME/.nuget" "$sdk/tmp" "$sdk/var"
for link in bin lib lib64 sbin; do ln -s "usr/$link" "$sdk/$link"; done
cp -a /etc/alternatives /etc/passwd /etc/group /etc/perl "$sdk/etc"
chmod 1777 "$sdk/tmp"
base sdk "$arch"

# For running: C library, OpenSSL and the certificates, without a shell.
runtime=$out/bases/runtime
tools/unpack.sh "$arch" "$runtime" libc6 libgcc-s1 libssl3 ca-certificates
mkdir -p "$runtime/etc/ssl/certs" "$runtime/tmp"
cat "$runtime"/usr/share/ca-certificates/mozilla/*.crt > "$runtime/etc/ssl/certs/ca-certificates.crt"
rm -rf "$runtime/usr/share" "$runtime/usr/sbin" "$runtime"/usr/lib/*/gconv
chmod 1777 "$runtime/tmp"
base runtime "$arch"

# What is fetched stands in the context, because the build has no package sources but this machine's cache.
(cd tools/RuleCompiler && { test -f node_modules/uap-core/regexes.yaml || npm ci; })
(cd src/Edge.Page && { test -d node_modules/esbuild || npm ci; })

# The volumes lend the build this machine's programs and packages; nothing of them reaches the image.
b bud --layers=false --isolation chroot --format docker --network host --pull-never --platform "linux/$arch" \
  --build-arg SDK_IMAGE=localhost/edge-base-sdk --build-arg NODE_IMAGE=localhost/edge-base-sdk \
  --build-arg GEO_IMAGE=localhost/edge-base-sdk --build-arg RUNTIME_IMAGE=localhost/edge-base-runtime \
  ${KAFKA:+--build-arg "KAFKA=$KAFKA"} --build-arg COMMIT="$(git rev-parse HEAD 2> /dev/null || echo unknown)" \
  --volume /usr:/usr:ro --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "$HOME/.nuget:$HOME/.nuget" \
  -f Dockerfile.aot -t edge .

b inspect --type image localhost/edge > "$out/image.json"
container=$(b from --arch "$arch" localhost/edge)
cp -a "$(b mount "$container")" "$out/files"
mkdir -p "$out/files/proc" "$out/files/dev"
b rm "$container" > /dev/null
# The storage has several copies of everything.
rm -rf "$out/storage" "$out/run" "$out/bases"
