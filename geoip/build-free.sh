#!/usr/bin/env bash
# Builds a free country database: build-free.sh OUTPUT.mmdb
# Data: Debian's tor-geoipdb; writer: Debian's libmaxmind-db-writer-perl. Installs nothing.
# Does nothing when the file is newer than the data. Exit code 1, and one line what is missing, when it cannot be built; nothing is changed then.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=${1:?usage: build-free.sh OUTPUT.mmdb}
source=${TOR_GEOIP_DIR:-/usr/share/tor}

complete() { [ -r "$source/geoip" ] && [ -r "$source/geoip6" ] && perl -MMaxMind::DB::Writer::Tree -e 1 2>/dev/null; }

if ! complete; then
  echo "geoip: no countries; 'apt-get install tor-geoipdb libmaxmind-db-writer-perl' (Debian) and $0 $output add them" >&2
  exit 1
fi
if [ "$output" -nt "$source/geoip" ] && [ "$output" -nt "$source/geoip6" ]; then exit 0; fi

mkdir -p "$(dirname "$output")"
trap 'rm -f "$output.new"' EXIT
if ! said=$(perl "$here/build-country.pl" "$source" "$output.new" 2>&1); then
  echo "geoip: no free country database: $(echo "$said" | tail -n 1)" >&2
  exit 1
fi
cat > "$output.ATTRIBUTION.txt" <<TEXT
$(basename "$output") holds countries of IP address ranges from the IPFire location database
(https://location.ipfire.org), as packaged by Debian in tor-geoipdb $(dpkg-query -W -f '${Version}' tor-geoipdb 2>/dev/null || echo "(version unknown)").
License of the data and of this file: Creative Commons Attribution-ShareAlike 4.0 International, https://creativecommons.org/licenses/by-sa/4.0/
Changed: only the ranges and their two-letter country codes were taken, and written in the MaxMind DB format.
Whoever passes this file on passes this note on with it, under the same license.
TEXT
mv -f "$output.new" "$output"
echo "geoip: $output built, $said, CC BY-SA 4.0 (see $(basename "$output").ATTRIBUTION.txt)"
