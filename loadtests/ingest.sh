#!/usr/bin/env bash
# Measures how many events a second the ingestion APIs make durable, and prints a table for RESULTS.md: batches of 100 over
# /v1/bulk-track, and single events over /v1/track. An answer is sent after the commit that covers its events, so an answered
# request is a durable one. Beside it stands what the disk does bare: synchronous writes, one after the other, in the same run.
# Every round starts a server with an empty data directory and has its sink, so forwarding is paid for too.
#
#   make publish && loadtests/ingest.sh
#   ONLY=bulk ROUNDS=9 SECONDS=10 CONNECTIONS=256 SERVER_CORES=0,1 CLIENT_CORES=0,1 EDGE_BINARY=path/to/edge loadtests/ingest.sh

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
. "$here/measure.sh"

edge=${EDGE_BINARY:-$root/artifacts/edge/edge}
rounds=${ROUNDS:-5}
# Bash counts SECONDS up from its own start, so the caller's value is read from the environment it left.
round_seconds=$(tr '\0' '\n' < "/proc/$$/environ" | sed -n 's/^SECONDS=//p')
round_seconds=${round_seconds:-10}
single_connections=${CONNECTIONS:-256}
bulk_connections=${BULK_CONNECTIONS:-32}
server_cores=${SERVER_CORES:-0}
client_cores=${CLIENT_CORES:-1}
only=${ONLY:-}
data_parent=${DATA_PARENT:-${TMPDIR:-/tmp}}

batch_events=100
warm_up_seconds=3
ready_deadline_tenths=200
raw_writes=200
raw_bytes=4096

fail() { echo "ingest.sh: $*" >&2; exit 1; }

[ -x "$edge" ] || fail "no executable at $edge: run 'make publish', or set EDGE_BINARY"
[[ $rounds =~ ^[1-9][0-9]*$ && $round_seconds =~ ^[1-9][0-9]*$ && $single_connections =~ ^[1-9][0-9]*$ &&
  $bulk_connections =~ ^[1-9][0-9]*$ ]] || fail "ROUNDS, SECONDS, CONNECTIONS and BULK_CONNECTIONS are whole numbers"
case $only in
  "") kinds=(bulk single) ;;
  bulk | single) kinds=("$only") ;;
  *) fail "ONLY is bulk or single, not '$only'" ;;
esac
for tool in wrk curl taskset; do
  command -v "$tool" > /dev/null || fail "needs $tool"
done

declare -A title=([bulk]="/v1/bulk-track, batches of $batch_events" [single]="/v1/track, single events")
declare -A key_kind=([bulk]=artie [single]=millimetric-sk)
declare -A batch=([bulk]=$batch_events [single]=1)
declare -A connections=([bulk]=$bulk_connections [single]=$single_connections)

work=$(mktemp -d "$data_parent/edge-ingest.XXXXXX")
pid=
stop() {
  [ -n "$pid" ] || return 0
  kill -9 "$pid" 2> /dev/null || true
  wait "$pid" 2> /dev/null || true
  pid=
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Starts a server on an empty directory with a key of its own. Sets pid, url and key.
start() {
  local kind=$1 data=$work/data count
  rm -rf "$data"
  key=$("$edge" keys create --kind "${key_kind[$kind]}" --project load --data-dir "$data")
  url=http://127.0.0.1:$(free_port)
  EDGE__INGEST__MILLIMETRICPERSECOND=0 taskset -c "$server_cores" \
    "$edge" serve --data-dir "$data" --urls "$url" > "$work/output" 2>&1 &
  pid=$!
  for ((count = 0; count < ready_deadline_tenths; count++)); do
    ! curl -sf -o /dev/null "$url/readyz" || return 0
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
  done
  cat "$work/output" >&2
  fail "the server did not become ready"
}

stored() { curl -sf "$url/metrics" | awk '$1 == "edge_events_stored_total" { print $2 }'; }

# Runs wrk. Sets sample to: requests, microseconds, p50, p99 in microseconds, errors.
load() {
  local kind=$1 seconds=$2 prefix=$3
  BATCH=${batch[$kind]} PREFIX=$prefix KEY=$key taskset -c "$client_cores" \
    wrk -t 1 -c "${connections[$kind]}" -d "${seconds}s" -s "$here/ingest.lua" "$url" > "$work/wrk"
  read -ra sample < <(sed -n 's/^sample //p' "$work/wrk")
  [ ${#sample[@]} = 5 ] || { cat "$work/wrk" >&2; fail "wrk gave no figures"; }
}

# Synchronous writes a second: each of 4 KiB, each on disk (O_DSYNC, what fdatasync ensures) before the next begins.
raw_rate() {
  local from
  from=${EPOCHREALTIME/./}
  dd if=/dev/zero of="$work/raw" bs=$raw_bytes count=$raw_writes oflag=dsync 2> /dev/null
  echo $((raw_writes * 1000000 / (${EPOCHREALTIME/./} - from)))
  rm -f "$work/raw"
}

# One round: a line "kind round requests/s events/s p50_us p99_us cpu_us_per_request core_busy% errors raw/s rss_kb".
measure() {
  local kind=$1 round=$2 raw before after settled events_before events sample=()
  raw=$(raw_rate)
  start "$kind"
  load "$kind" "$warm_up_seconds" "w$round"
  wait_until_quiet "$pid"
  before=$(cpu_ticks "$pid")
  events_before=$(stored)
  load "$kind" "$round_seconds" "r$round"
  after=$(cpu_ticks "$pid")
  # What the server says it stored, not what the client believes it sent.
  events=$(($(stored) - events_before))
  wait_until_quiet "$pid"
  settled=$(cpu_ticks "$pid")
  awk -v who="$kind $round" -v sample="${sample[*]}" -v hertz="$hertz" -v during=$((after - before)) -v all=$((settled - before)) \
    -v events="$events" -v raw="$raw" -v rss="$(resident_kb "$pid")" 'BEGIN {
      split(sample, s, " ")
      printf "%s %.0f %.0f %d %d %.1f %.0f %d %d %d\n", who, s[1] / s[2] * 1e6, events / s[2] * 1e6, s[3], s[4],
        all / hertz * 1e6 / s[1], during / hertz * 1e8 / s[2], s[5], raw, rss }' | tee -a "$work/samples"
  stop
}


# Median over the rounds of one column (3 = requests/s ...).
middle() { awk -v k="$1" -v c="$2" '$1 == k { print $c }' "$work/samples" | median; }

report() {
  local kind
  echo
  echo "## $(date -u '+%Y-%m-%d %H:%M') UTC, ingestion, $("$edge" version | sed -n 's/.*commit \([0-9a-f]\{7,12\}\).*/commit \1/p')"
  echo
  echo "- Command: \`ROUNDS=$rounds SECONDS=$round_seconds CONNECTIONS=$single_connections BULK_CONNECTIONS=$bulk_connections" \
    "SERVER_CORES=$server_cores CLIENT_CORES=$client_cores loadtests/ingest.sh\`"
  echo "- Machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r | cut -d - -f 1)," \
    "files on $(stat -f -c %T "$work"); load average before the run $load_average. Medians of $rounds rounds."
  echo
  echo "| route | connections | requests/s | durable events/s | p50 ms | p99 ms | CPU us/request | CPU us/event | server busy | RSS MB | errors | bare synchronous writes/s |"
  echo "|---|---|---|---|---|---|---|---|---|---|---|---|"
  for kind in "${kinds[@]}"; do
    awk -v title="${title[$kind]}" -v connections="${connections[$kind]}" -v batch="${batch[$kind]}" -v requests="$(middle "$kind" 3)" \
      -v events="$(middle "$kind" 4)" -v p50="$(middle "$kind" 5)" -v p99="$(middle "$kind" 6)" -v cpu="$(middle "$kind" 7)" \
      -v busy="$(middle "$kind" 8)" -v rss="$(middle "$kind" 11)" -v raw="$(middle "$kind" 10)" \
      -v errors="$(awk -v k="$kind" '$1 == k { e += $9 } END { print e }' "$work/samples")" 'BEGIN {
        printf "| %s | %d | %.0f | **%.0f** | %.2f | %.2f | %.1f | %.2f | %.0f %% | %.0f | %d | %.0f |\n", title, connections, requests, events,
          p50 / 1000, p99 / 1000, cpu, cpu / batch, busy, rss * 1024 / 1e6, errors, raw }'
  done
  echo
  echo "Events/s round by round: $(for kind in "${kinds[@]}"; do
    printf '%s %s; ' "$kind" "$(awk -v k="$kind" '$1 == k { printf "%s ", $4 }' "$work/samples")"
  done | sed 's/ ; $//; s/ ;/;/g')."
  echo "Bare synchronous writes are \`dd bs=4k oflag=dsync\`: one at a time, each on disk before the next; many events share one commit of the journal."
}

load_average=$(cut -d ' ' -f 1 /proc/loadavg)
for ((round = 1; round <= rounds; round++)); do
  for kind in "${kinds[@]}"; do
    measure "$kind" "$round"
  done
done
report
