#!/usr/bin/env bash
# Latency of the pixel at a constant rate of arrivals, beside nginx: RATE requests a second, or 70 % of what nginx answers at most, to each in turn, server on core
# 0 and client on core 1. Prints a table for RESULTS.md. Needs gcc, nginx, wrk, curl.
#
#   make publish && loadtests/steady.sh         RATE=70000 ROUNDS=7 SECONDS=5 CONNECTIONS=64 EDGE_BINARY=path/to/edge
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/measure.sh"
edge=${EDGE_BINARY:-$here/../artifacts/edge/edge}
rounds=${ROUNDS:-7}
connections=${CONNECTIONS:-64}
# SECONDS is a clock of bash unless the caller has set it.
seconds=$(printenv SECONDS || echo 5)
path=/s/demo-ab/pixel.gif
PATH=$PATH:/usr/sbin
for tool in gcc nginx wrk curl taskset; do command -v "$tool" > /dev/null || { echo "steady.sh: needs $tool" >&2; exit 1; }; done

work=$(mktemp -d)
chmod 755 "$work"
edge_pid=
nginx_pid=
trap 'kill_server "$edge_pid"; kill_server "$nginx_pid"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
gcc -O2 -o "$work/steady" "$here/steady/steady.c"
nginx_port=$(free_port)
edge_port=$(free_port)
sed -e "s|@PORT@|$nginx_port|; s|@SAME_HEADERS_PORT@|$(free_port)|; s|@DESTINATION@|https://example.com/|" "$here/peers/nginx/nginx.conf" > "$work/nginx.conf"
taskset -c 0 nginx -p "$work" -e error.log -c nginx.conf > "$work/nginx.out" 2>&1 &
nginx_pid=$!
mkdir -m 700 "$work/data"
cp -r "$here/experiments" "$work/data/experiments"
taskset -c 0 "$edge" serve --data-dir "$work/data" --urls "http://127.0.0.1:$edge_port" > "$work/edge.out" 2>&1 &
edge_pid=$!
until curl -sf -o /dev/null "http://127.0.0.1:$edge_port/readyz" && curl -sf -o /dev/null "http://127.0.0.1:$nginx_port$path"; do kill -0 "$edge_pid" "$nginx_pid"; sleep 0.05; done

peak=$(taskset -c 1 wrk -t1 -c"$connections" -d3s "http://127.0.0.1:$nginx_port$path" | awk '/Requests\/sec/ { print $2 }')
rate=${RATE:-$(awk -v peak="$peak" 'BEGIN { printf "%d", peak * 0.7 }')}

# One round of a server; a line "name requests/s p50 p99 p99.9 max".
measure() {
  wait_until_quiet "$edge_pid"
  echo "$1 $(taskset -c 1 "$work/steady" "$2" "$path" "$rate" "$seconds" "$connections")" >> "$work/samples"
}
for ((round = 1; round <= rounds; round++)); do
  if [ $((round % 2)) = 1 ]; then
    measure nginx "$nginx_port"
    measure Edge "$edge_port"
  else
    measure Edge "$edge_port"
    measure nginx "$nginx_port"
  fi
  until_taken "http://127.0.0.1:$edge_port" 60
done

middle() { awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$work/samples" | median | awk '{ printf "%.2f", $1 / 1000 }'; }
echo "$rate requests a second over $connections connections, nginx's peak ${peak%.*}; medians of $rounds rounds of $seconds s, ms"
echo
echo "| | p50 | p99 | p99.9 | max | p99 round by round |"
echo "|---|---|---|---|---|---|"
for name in nginx Edge; do
  echo "| $name | $(middle "$name" 3) | $(middle "$name" 4) | $(middle "$name" 5) | $(middle "$name" 6) |$(awk -v name="$name" '$1 == name { printf " %.2f", $4 / 1000 }' "$work/samples") |"
done
