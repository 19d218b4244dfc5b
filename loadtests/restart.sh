#!/usr/bin/env bash
# How long a start takes with a backlog in the journal: from the start of the process to 200 from /readyz, for several sizes.
# The file sink is on, so the backlog is what it still has to forward. Fails when a median is above MAX_MS.
#   SIZES="0 64 4096" REPEATS=5 MAX_MS=2000 loadtests/restart.sh
set -euo pipefail
cd "$(dirname "$0")/.."
edge=${EDGE_BINARY:-artifacts/edge/edge}
sizes=${SIZES:-0 64 4096}
repeats=${REPEATS:-5}
max_ms=${MAX_MS:-2000}
port=${PORT:-18931}
slow=0
work=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; rm -rf "$work"' EXIT
dotnet build tests/Edge.Benchmarks -c Release --nologo -v q -p:RunAnalyzers=false >/dev/null

echo "| backlog MiB | events | ready after ms (each of $repeats) | median |"
echo "|---|---|---|---|"
for size in $sizes; do
  data=$work/$size
  events=$(dotnet run --no-build -c Release -f net10.0 --project tests/Edge.Benchmarks -- backlog "$data" "$size" | cut -d' ' -f1)
  times=()
  for _ in $(seq "$repeats"); do
    rm -rf "$data/cursors" "$data/forwarded"
    EDGE__JOURNAL__MAXBYTES=17179869184 "$edge" serve --data-dir "$data" --urls "http://127.0.0.1:$port" >/dev/null 2>&1 &
    pid=$!
    from=$(date +%s%N)
    until curl -sf -o /dev/null "http://127.0.0.1:$port/readyz"; do
      kill -0 "$pid" 2>/dev/null || { echo "edge ended"; exit 1; }
      sleep 0.005
    done
    times+=($((($(date +%s%N) - from) / 1000000)))
    # As after a crash; what was forwarded meanwhile is forgotten above, so every start finds the whole backlog.
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
  done
  median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((repeats + 1) / 2))p")
  echo "| $size | $events | ${times[*]} | $median |"
  [ "$median" -le "$max_ms" ] || slow=1
done
exit "$slow"
