#!/usr/bin/env bash
# How fast a backlog drains into PostgreSQL: feeds Edge while the sink is paused until EVENTS have piled up, lets it go on, and takes the time
# until nothing is pending. At the end every accepted event must be one row. Edge runs on core 0; PostgreSQL and the client share core 1.
# The server is one of this machine's, in a directory of its own, on a port of its own, started and stopped here.
#
#   make publish && loadtests/drain-postgres.sh            EVENTS=1000000 EDGE_BINARY=path/to/edge
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/measure.sh"
edge=${EDGE_BINARY:-$here/../artifacts/edge/edge}
events=${EVENTS:-1000000}
drain_deadline=600
tools=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1 || true)
for tool in wrk curl taskset setpriv "$tools/initdb"; do command -v "$tool" >/dev/null || { echo "drain-postgres.sh: needs $tool" >&2; exit 1; }; done

work=$(mktemp -d)
edge_pid=
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
finish() {
  kill_server "$edge_pid"
  [ ! -f "$work/server/postmaster.pid" ] || as_postgres "$tools/pg_ctl" -D "$work/server" -m immediate stop >/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

port=$(free_port)
chmod 755 "$work"
mkdir "$work/server"
chown postgres: "$work/server"
as_postgres "$tools/initdb" -D "$work/server" -A trust -E UTF8 --no-locale >/dev/null
as_postgres taskset -c 1 "$tools/pg_ctl" -D "$work/server" -w -l "$work/server/log" \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/server" start >/dev/null
ask() { "$tools/psql" -h 127.0.0.1 -p "$port" -U postgres -qAt -c "$1"; }

data=$work/data
url=http://127.0.0.1:$(free_port)
export EDGE__SINKS__HOUSE__TYPE=postgres EDGE__SINKS__HOUSE__CONNECTION="Host=127.0.0.1;Port=$port;Database=postgres;Username=postgres;SSL Mode=Disable"
export EDGE__SINKS__FILE__ENABLED=false EDGE__JOURNAL__MAXBYTES=$((32 << 30))
"$edge" sink init house --data-dir "$data" >/dev/null
"$edge" sink pause house --data-dir "$data" >/dev/null
key=$("$edge" keys create --kind artie --project load --data-dir "$data")
taskset -c 0 "$edge" serve --data-dir "$data" --urls "$url" >"$work/edge.out" 2>&1 &
edge_pid=$!
until curl -sf -o /dev/null "$url/readyz"; do kill -0 "$edge_pid"; sleep 0.05; done

from=${EPOCHREALTIME/./}
for ((round = 1; $(gauge edge_events_stored_total) < events; round++)); do
  BATCH=100 PREFIX=r$round KEY=$key taskset -c 1 wrk -t 1 -c 16 -d 3s -s "$here/ingest.lua" "$url" >"$work/wrk"
done
fed_us=$((${EPOCHREALTIME/./} - from))
backlog=$(pending)
wait_until_quiet "$edge_pid"
ticks=$(cpu_ticks "$edge_pid")
"$edge" sink resume house --data-dir "$data" >/dev/null
while [ "$(pending)" -ge "$backlog" ]; do sleep 0.02; done
from=${EPOCHREALTIME/./}
at_start=$(pending)
wait_until_drained "$drain_deadline"
drained_us=$((${EPOCHREALTIME/./} - from))
ticks=$(($(cpu_ticks "$edge_pid") - ticks))
accepted=$(gauge edge_events_stored_total)
rows=$(ask "SELECT count(*) FROM edge_events")
ids=$(ask "SELECT count(DISTINCT id) FROM edge_events")
awk -v backlog="$backlog" -v start="$at_start" -v us="$drained_us" -v fed="$fed_us" -v ticks="$ticks" -v hertz="$hertz" 'BEGIN {
  printf "Backlog of %d events, fed in %.0f s; drained at %.0f events/s, %.2f us of processor time of Edge per event.\n",
    backlog, fed / 1e6, start / us * 1e6, ticks / hertz * 1e6 / backlog }'
echo "Accepted $accepted, rows $rows, distinct ids $ids; PostgreSQL $("$tools/postgres" --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')."
[ "$accepted" = "$rows" ] && [ "$rows" = "$ids" ] || { echo "drain-postgres.sh: accepted events and rows differ" >&2; exit 1; }
