#!/usr/bin/env bash
# What the generator of Edge.LoadTests costs and how well it keeps a rate, beside wrk and hey on the same service: Edge on core 0, the client on core 1.
# Prints a table for RESULTS.md: processor time of the client per request (its start included), and intended against measured rate.
#
#   make publish && loadtests/generator.sh         RATES="5000 10000 20000" SECONDS=20 CONNECTIONS=64 EDGE_BINARY=path/to/edge
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/measure.sh"
edge=${EDGE_BINARY:-$here/../artifacts/edge/edge}
rates=${RATES:-5000 10000 20000}
connections=${CONNECTIONS:-64}
# SECONDS is a clock of bash unless the caller has set it.
seconds=$(printenv SECONDS || echo 20)
for tool in wrk hey curl taskset dotnet; do command -v "$tool" > /dev/null || { echo "generator.sh: needs $tool" >&2; exit 1; }; done

dotnet build "$here/Edge.LoadTests" -c Release --nologo -v quiet -clp:ErrorsOnly
load="dotnet $here/../artifacts/bin/Edge.LoadTests/release/Edge.LoadTests.dll"
work=$(mktemp -d)
edge_pid=
trap 'kill_server "$edge_pid"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
url=http://127.0.0.1:$(free_port)
mkdir -p "$work/data"
cp -r "$here/experiments" "$work/data/experiments"
taskset -c 0 "$edge" serve --data-dir "$work/data" --urls "$url" > "$work/edge.out" 2>&1 &
edge_pid=$!
until curl -sf -o /dev/null "$url/readyz"; do kill -0 "$edge_pid"; sleep 0.05; done
pixel=$url/s/demo-ab/pixel.gif?u=load
wrk -t1 -c"$connections" -d3s "$pixel" > /dev/null

# Runs a client on core 1; sets its processor time in microseconds.
run() {
  wait_until_quiet "$edge_pid"
  TIMEFORMAT='%U %S'
  { time taskset -c 1 "$@" > "$work/out" 2> "$work/err" || true; } 2> "$work/time"
  cpu_us=$(awk '{ print ($1 + $2) * 1e6 }' "$work/time")
}
field() { sed -n "s/.*\"$1\": \([0-9.]*\),*/\1/p" "$work/report/report.json" | head -n 1; }
row() { awk -v name="$1" -v intended="$2" -v rate="$3" -v count="$4" -v cpu="$cpu_us" -v p50="$5" -v p99="$6" 'BEGIN {
  printf "| %s | %s | %.0f | %s | %.1f | %.2f | %.2f |\n", name, intended, rate,
    intended == "as fast as it goes" ? "" : sprintf("%.2f %%", (rate / intended - 1) * 100), cpu / count, p50, p99 }'; }
# One run of ours: a name, the intended rate, and the load.
ours() {
  run $load pixel --url "$url" --warm-up 1 --connections "$connections" --report "$work/report" --simulation "$3" --allow-rate 1000000
  # All requests that were sent, because their processor time is in the figure.
  row "$1" "$2" "$(field sentRate)" "$(awk '$1 == "Events:" { gsub(",", "", $3); print $3 }' "$work/out")" "$(field p50)" "$(field p99)"
}

echo "| client, $connections connections, $seconds s | intended/s | measured/s | off by | client's CPU us/request | p50 ms | p99 ms |"
echo "|---|---|---|---|---|---|---|"
run wrk -t1 -c"$connections" -d"${seconds}s" --latency "$pixel"
row "wrk, closed" "as fast as it goes" "$(awk '/Requests\/sec/ { print $2 }' "$work/out")" "$(awk '/requests in/ { print $1 }' "$work/out")" \
  "$(awk '$1 == "50%" { print $2 }' "$work/out" | to_ms)" "$(awk '$1 == "99%" { print $2 }' "$work/out" | to_ms)"
ours "Edge.LoadTests, closed" "as fast as it goes" "keep $connections ${seconds}s"
for rate in $rates; do
  run hey -z "${seconds}s" -c "$connections" -q $((rate / connections)) "$pixel"
  row "hey, each connection at a rate" "$rate" "$(awk '/Requests\/sec/ { print $2 }' "$work/out")" \
    "$(awk -v s="$seconds" '/Requests\/sec/ { print $2 * s }' "$work/out")" \
    "$(awk '/50% in/ { print $3 * 1000 }' "$work/out")" "$(awk '/99% in/ { print $3 * 1000 }' "$work/out")"
  ours "Edge.LoadTests, open" "$rate" "inject $rate ${seconds}s"
done
