#!/usr/bin/env bash
# Fetches a GeoLite2 database with your own licence: fetch-geolite2.sh TARGET.mmdb
# From the environment: GEOLITE2_ACCOUNT_ID and GEOLITE2_LICENSE_KEY (your MaxMind account), GEOLITE2_EDITION (default GeoLite2-City),
# GEOLITE2_URL (default MaxMind's server; a mirror of your own may stand here).
# The target is replaced by rename, after the checksum was verified; a running edge takes it over. Exit code 1 changes nothing.
set -eu
target=${1:?usage: fetch-geolite2.sh TARGET.mmdb}
edition=${GEOLITE2_EDITION:-GeoLite2-City}
url=${GEOLITE2_URL:-https://download.maxmind.com/geoip/databases}
fail() { echo "geoip: $1" >&2; exit 1; }

[ -n "${GEOLITE2_ACCOUNT_ID:-}" ] && [ -n "${GEOLITE2_LICENSE_KEY:-}" ] ||
  fail "set GEOLITE2_ACCOUNT_ID and GEOLITE2_LICENSE_KEY; an account is free at https://www.maxmind.com/en/geolite2/signup"
case $edition in *[!A-Za-z0-9-]*) fail "GEOLITE2_EDITION '$edition' is no edition such as GeoLite2-City" ;; esac
case $GEOLITE2_ACCOUNT_ID$GEOLITE2_LICENSE_KEY in *[!A-Za-z0-9_]*) fail "account id and licence key hold letters, digits and _ only" ;; esac
command -v curl >/dev/null 2>&1 || fail "curl is missing"

folder=$(dirname "$target")
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work" "$target.new"' EXIT

# The key goes to curl through a pipe, so that it stands in no process list.
get() {
  printf 'user = "%s:%s"\n' "$GEOLITE2_ACCOUNT_ID" "$GEOLITE2_LICENSE_KEY" |
    curl -fsSL --max-time 600 --retry 2 -K - -o "$2" "$url/$edition/download?suffix=$1" || fail "download of $edition failed"
}
get tar.gz.sha256 "$work/sum"
get tar.gz "$work/archive"
expected=$(cut -d ' ' -f 1 < "$work/sum")
actual=$(sha256sum "$work/archive" | cut -d ' ' -f 1)
[ "$expected" = "$actual" ] || fail "the checksum of $edition is wrong; nothing was changed"
tar -xzf "$work/archive" -C "$work" --no-same-owner
file=$(find "$work" -name "$edition.mmdb" -type f | head -n 1)
[ -n "$file" ] || fail "the archive holds no $edition.mmdb"
# Beside the target, so that the rename stays within one file system.
cp -p "$file" "$target.new"
sync "$target.new"
mv -f "$target.new" "$target"
echo "geoip: $target is $edition of $(date -u -r "$target" +%F); GeoLite2 by MaxMind, https://www.maxmind.com, under your own licence"
