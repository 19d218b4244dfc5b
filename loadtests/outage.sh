#!/usr/bin/env bash
# What an outage of ClickHouse costs: feeds Edge while the server is dead until a backlog of EVENTS has piled up, starts the server again, and
# compares the time single durable events (/v1/track) take before the outage, during it and while the backlog is drained. At the end every
# accepted event must stand in the table exactly once. Edge and the client share core 0 and ClickHouse has core 1 alone: what is asked is what
# catching up takes from Edge, so the client may not wait for a core behind ClickHouse. ROUNDS repeats the outage, for medians: one stall of a disk decides the p99 of a single one.
#
# EDGE_CORES=0,1 gives Edge both cores; HOUSE_PARENT=/dev/shm gives ClickHouse a disk of its own, as on another machine: the commit that an answer waits for then shares none with it.
#
#   make publish && loadtests/outage.sh            EVENTS=5000000 RATE=200 PHASE_SECONDS=15 FEED_SECONDS=5 ROUNDS=1 EDGE_BINARY=path/to/edge
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/measure.sh"
edge=${EDGE_BINARY:-$here/../artifacts/edge/edge}
events=${EVENTS:-5000000}
rate=${RATE:-200}
phase_seconds=${PHASE_SECONDS:-15}
feed_seconds=${FEED_SECONDS:-5}
rounds=${ROUNDS:-1}
senders=4
drain_deadline=600
for tool in wrk hey curl taskset clickhouse-server; do command -v "$tool" >/dev/null || { echo "outage.sh: needs $tool" >&2; exit 1; }; done

work=$(mktemp -d)
house_files=$(mktemp -d "${HOUSE_PARENT:-$work}/edge-outage.XXXXXX")
edge_pid=
house_pid=
trap 'kill_server "$edge_pid"; kill_server "$house_pid"; rm -rf "$work" "$house_files"' EXIT
trap 'exit 130' INT TERM

house_port=$(free_port)
house=http://127.0.0.1:$house_port
house_config "$work" "$house_files" "$house_port"
start_house() { house_start "$work" "$house" taskset -c 1; }
ask() { curl -sf "$house/" --data-binary "$1"; }

data=$work/data
url=http://127.0.0.1:$(free_port)
export EDGE__SINKS__HOUSE__TYPE=clickhouse EDGE__SINKS__HOUSE__URL=$house EDGE__SINKS__FILE__ENABLED=false EDGE__JOURNAL__MAXBYTES=$((32 << 30))
export EDGE__INGEST__MILLIMETRICPERSECOND=0
start_house
"$edge" sink init house --data-dir "$data" >/dev/null
artie=$("$edge" keys create --kind artie --project load --data-dir "$data")
millimetric=$("$edge" keys create --kind millimetric-sk --project load --data-dir "$data")
taskset -c "${EDGE_CORES:-0}" "$edge" serve --data-dir "$data" --urls "$url" >"$work/edge.out" 2>&1 &
edge_pid=$!
until curl -sf -o /dev/null "$url/readyz"; do kill -0 "$edge_pid"; sleep 0.05; done
printf '{"event":"purchase","anonymous_id":"u_1","properties":{"amount_cents":4900}}' >"$work/event.json"

stored() { gauge edge_events_stored_total; }

# Times single events at a constant rate, whatever the server does: "p50_ms p99_ms answered".
probe() {
  taskset -c 0 hey -z "${1}s" -c "$senders" -q $((rate / senders)) -m POST -T application/json -D "$work/event.json" \
    -H "Authorization: Bearer $millimetric" "$url/v1/track" >"$work/hey"
  awk '/ 50% in/ { p50 = $3 } / 99% in/ { p99 = $3 } /\[202\]/ { n += $2 } /\[[0-9]+\]/ && !/\[202\]/ { bad += $2 }
    END { printf "%.2f %.2f %d %d\n", p50 * 1000, p99 * 1000, n, bad }' "$work/hey"
}

# One outage: a line "phase p50 p99 answered others" for each phase, and "drain backlog fed_s us gone_in_phase".
outage() {
  local round=$1 began from feed=0 backlog fed_in clock at_start at_end
  echo "before $(probe "$phase_seconds")"
  kill_server "$house_pid"
  house_pid=
  began=$(stored)
  from=$EPOCHSECONDS
  echo "during $(probe "$phase_seconds")"
  while [ $(($(stored) - began)) -lt "$events" ]; do
    feed=$((feed + 1))
    BATCH=100 PREFIX=r$round-$feed KEY=$artie taskset -c 1 wrk -t 1 -c 16 -d "${feed_seconds}s" -s "$here/ingest.lua" "$url" >"$work/wrk"
  done
  backlog=$(pending)
  fed_in=$((EPOCHSECONDS - from))
  start_house
  # The next try comes within retryCeilingMs of the server's return; what is timed is the draining itself.
  while [ "$(pending)" -ge "$backlog" ]; do sleep 0.1; done
  clock=${EPOCHREALTIME/./}
  at_start=$(pending)
  echo "draining $(probe "$phase_seconds")"
  at_end=$(pending)
  wait_until_drained "$drain_deadline"
  echo "drain $backlog $fed_in $((${EPOCHREALTIME/./} - clock)) $((at_start - at_end))"
}

probe 3 >/dev/null
for ((round = 1; round <= rounds; round++)); do
  outage "$round" >>"$work/phases"
done
sleep 2
accepted=$(stored)
rows=$(ask "SELECT count() FROM edge_events FINAL")
raw=$(ask "SELECT count() FROM edge_events")
ids=$(ask "SELECT uniqExact(id) FROM edge_events")

column() { awk -v phase="$1" -v column="$2" '$1 == phase { print $column }' "$work/phases"; }
total() { column "$1" "$2" | awk '{ sum += $1 } END { print sum }'; }

echo "| phase | p50 ms | p99 ms | p99 round by round | answered 202 | other answers |"
echo "|---|---|---|---|---|---|"
for phase in before during draining; do
  echo "| $phase | $(column $phase 2 | median) | $(column $phase 3 | median) | $(column $phase 3 | tr '\n' ' ')| $(total $phase 4) | $(total $phase 5) |"
done
echo
awk -v phase="$phase_seconds" -v rate="$rate" '$1 == "drain" {
  printf "Backlog of %d events after %d s without ClickHouse; drained in %.1f s, %.0f events/s (%.0f/s while %d requests/s were timed).\n",
    $2, $3, $4 / 1e6, $2 / $4 * 1e6, $5 / phase, rate }' "$work/phases"
echo "Accepted $accepted, rows FINAL $rows, distinct ids $ids, rows before merging $raw."
[ "$accepted" = "$rows" ] && [ "$rows" = "$ids" ] || { echo "outage.sh: accepted events and rows differ" >&2; exit 1; }
