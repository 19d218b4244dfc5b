#!/usr/bin/env bash
# What holds over time and under load, each as a bounded run that prints one table row and fails when its bound is broken:
#   latency   how much longer an answer takes when it waits for the disk, beside the bare synchronous writes of the same disk
#   soak      memory, descriptors and threads under a steady load
#   slow      pixels while SLOW connections send their headers a byte at a time and never end
#   overload  many more clients than can be served: what is served still, and how soon all is well again
# TIERS="latency soak slow overload" TIER_SECONDS=20 loadtests/tiers.sh     (docs/durability.md and docs/security.md have results)
set -euo pipefail
cd "$(dirname "$0")/.."
. loadtests/measure.sh

edge=${EDGE_BINARY:-artifacts/edge/edge}
seconds=${TIER_SECONDS:-20}
slow=${SLOW:-5000}
crowd=${CROWD:-2000}
work=$(mktemp -d)
pid=
attackers=
trap 'stop_edge; stop_attackers; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)"
failed=0

start_edge() {
  url=http://127.0.0.1:$(free_port)
  env "$@" taskset -c 0 "$edge" serve --demo --data-dir "$work/$RANDOM" --urls "$url" > "$work/out" 2> "$work/log" &
  pid=$!
  until curl -sf -o "$work/ready" "$url/readyz"; do
    kill -0 "$pid" || { cat "$work/log"; exit 1; }
    sleep 0.05
  done
}

stop_edge() {
  [ -z "$pid" ] || { kill "$pid" 2> /dev/null && wait "$pid" || true; }
  pid=
}

stop_attackers() {
  [ -z "$attackers" ] || { kill "$attackers" 2> /dev/null && wait "$attackers" 2> /dev/null || true; }
  attackers=
}

# Runs wrk on the pixel; sets rate (a second), p50 and p99 (milliseconds) and errors.
load() {
  local connections=$1 duration=$2 report
  report=$(taskset -c 1 wrk -t1 -c"$connections" -d"${duration}s" --timeout 10s --latency "$url/s/demo-ab/pixel.gif")
  rate=$(awk '/Requests\/sec/ { printf "%d", $2 }' <<< "$report")
  p50=$(awk '$1 == "50%" { print $2 }' <<< "$report" | to_ms)
  p99=$(awk '$1 == "99%" { print $2 }' <<< "$report" | to_ms)
  errors=$(awk '/Socket errors/ { gsub(",", ""); print $4 + $6 + $8 + $10 } /Non-2xx/ { print $NF }' <<< "$report" | awk '{ n += $1 } END { print n + 0 }')
}

connections() { curl -sf "$url/metrics" | awk '$1 == "edge_connections" { print $2 }'; }

# Prints a row, and notes that the bound is broken when the awk condition does not hold.
row() {
  local name=$1 figures=$2 bound=$3 condition=$4 verdict=held
  awk "BEGIN { exit !($condition) }" || { verdict=BROKEN; failed=1; }
  echo "| $name | $figures | $bound | $verdict |"
}

latency() {
  start_edge EDGE__ACK__PIXEL=memory
  load 16 "$seconds"
  local memory50=$p50 memory99=$p99
  stop_edge
  start_edge EDGE__ACK__PIXEL=disk
  load 16 "$seconds"
  stop_edge
  local bare
  bare=$(dd if=/dev/zero of="$work/bare" bs=4096 count=300 oflag=dsync 2>&1 | awk '/copied/ { printf "%.2f", $(NF - 3) * 1000 / 300 }')
  row latency "16 clients: p50 $memory50 to $p50 ms, p99 $memory99 to $p99 ms from memory to disk; a bare synchronous write takes $bare ms" \
    "p50 <= 5 ms + 3 writes, p99 <= 25 ms + 10 writes more" \
    "$p50 - $memory50 <= 5 + 3 * $bare && $p99 - $memory99 <= 25 + 10 * $bare"
}

soak() {
  start_edge
  load 32 5
  : > "$work/samples"
  (
    while sleep 1 && kill -0 "$pid" 2> /dev/null; do
      echo "$(resident_kb "$pid") $(find "/proc/$pid/fd" 2> /dev/null | wc -l) $(find "/proc/$pid/task" -maxdepth 1 2> /dev/null | wc -l)"
    done >> "$work/samples"
  ) &
  local sampler=$!
  load 32 "$seconds"
  kill "$sampler" 2> /dev/null || true
  wait "$sampler" 2> /dev/null || true
  stop_edge
  # The slope of a line through the second half, so that what fills up at the beginning is no leak.
  local slope
  slope=$(awk '{ r[NR] = $1 } END { for (i = int(NR / 2) + 1; i <= NR; i++) { n++; x += i; y += r[i]; xy += i * r[i]; xx += i * i }
    printf "%.1f", (n * xy - x * y) / (n * xx - x * x) }' "$work/samples")
  local grown
  grown=$(awk 'NR == 5 { f = $2; t = $3 } { lf = $2; lt = $3 } END { print lf - f, lt - t }' "$work/samples")
  row soak "$((rate * seconds)) pixels, $errors errors; memory $slope kB a second in the second half; descriptors and threads since the start $grown" \
    "no errors, less than 64 kB a second, at most 8 of either" \
    "$errors == 0 && $slope < 64 && ${grown% *} <= 8 && ${grown#* } <= 8"
}

attack() {
  local port=${url##*:} i fd
  while :; do
    for ((i = 0; i < slow; i++)); do
      { exec {fd}<> "/dev/tcp/127.0.0.1/$port"; } 2> /dev/null || continue
      printf 'GET /s/demo-ab/pixel.gif HTTP/1.1\r\nX-Slow: ' >&"$fd" || true
      held+=("$fd")
      if [ "${#held[@]}" -gt "$slow" ]; then
        fd=${held[0]}
        exec {fd}>&-
        held=("${held[@]:1}")
        # Full: from here on only what the service has closed is replaced.
        [ $((i % 25)) -ne 0 ] || sleep 0.05
      fi
    done
  done
}

slow() {
  start_edge
  load 32 "$seconds"
  local calm99=$p99 calm=$rate
  # Its own work must not be what the others wait for.
  (held=(); renice -n 19 "$BASHPID"; attack) > /dev/null 2>&1 &
  attackers=$!
  local clock=0
  until [ "$(connections)" -ge $((slow * 9 / 10)) ] || [ $((clock += 1)) -gt 300 ]; do sleep 0.1; done
  local held
  held=$(connections)
  load 32 "$seconds"
  stop_attackers
  stop_edge
  row slow "$held slow connections: p99 $calm99 to $p99 ms, $calm to $rate pixels a second, $errors errors" \
    "no errors, p99 less than 2 times + 5 ms" "$errors == 0 && $p99 < 2 * $calm99 + 5"
}

overload() {
  start_edge
  load 64 "$seconds"
  local peak=$rate calm99=$p99
  load "$crowd" "$seconds"
  local goodput=$rate lost=$errors
  sleep 5
  load 16 3
  stop_edge
  row overload "$peak pixels a second with 64 clients, $goodput with $crowd ($lost without an answer); p99 $calm99 ms before, $p99 ms 5 s after, $errors errors" \
    "goodput >= 60 % with the client's own work for so many, p99 less than 2 times + 5 ms and no errors after 5 s" \
    "$goodput >= 0.6 * $peak && $p99 < 2 * $calm99 + 5 && $errors == 0"
}

echo "| Tier | Seen | Bound | |"
echo "|---|---|---|---|"
for tier in ${TIERS:-latency soak slow overload}; do
  "$tier"
done
exit "$failed"
