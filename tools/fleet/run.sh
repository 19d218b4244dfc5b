#!/bin/sh
# Runs a fleet on this machine's loopback: one origin and two edges, each with a data directory of its own, until Ctrl+C or SIGTERM,
# or until one of them ends.
#
#   tools/fleet/run.sh EDGE DIRECTORY [PORT]
#
# The origin listens on PORT (8070), the edges on the two after it. DIRECTORY keeps what they store, the fleet's secret and the key of
# the management API for the next time. No ClickHouse and no PostgreSQL: the origin writes the events of all nodes to files.
set -eu
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  echo "usage: $0 EDGE DIRECTORY [PORT]" >&2
  exit 2
fi
edge=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
if [ ! -x "$edge" ]; then
  echo "$0: $edge is no program" >&2
  exit 2
fi
mkdir -p "$2"
dir=$(cd "$2" && pwd)
port=${3:-8070}
origin=http://127.0.0.1:$port
nodes=
pids=

stop() {
  trap - EXIT INT TERM
  for pid in $pids; do kill "$pid" 2> /dev/null && kill -CONT "$pid" 2> /dev/null || true; done
  for pid in $pids; do wait "$pid" || true; done
  echo "Stopped. $dir keeps what they stored."
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -s "$dir/secret" ]; then
  (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$dir/secret")
fi

all_run() { # fails, and says which, when a node has ended
  for node in $nodes; do
    if ! kill -0 "${node#*:}" 2> /dev/null; then
      echo "${node%:*} has ended, so the fleet is stopped. The end of $dir/${node%:*}.log:" >&2
      tail -n 3 "$dir/${node%:*}.log" >&2
      return 1
    fi
  done
}

start() { # start NAME ROLE PORT ARGUMENT...: starts a node, and waits until it says itself that it serves, and is ready
  name=$1 role=$2 at=http://127.0.0.1:$3
  shift 3
  EDGE__NODE=$name EDGE__ROLE=$role EDGE__FLEET__ID=local EDGE__FLEET__SECRETFILE=$dir/secret \
    "$edge" serve --data-dir "$dir/$name" --urls "$at" "$@" 2> "$dir/$name.log" &
  pids="$pids $!"
  nodes="$nodes $name:$!"
  # Somebody else may answer at the address, so the node's own word comes first.
  until grep -q "started as $role" "$dir/$name.log" && "$edge" healthcheck --url "$at" > /dev/null 2>&1; do
    all_run
    sleep 0.2
  done
}

EDGE__API__FIRSTKEYFILE=$dir/key start origin origin "$port" --demo
EDGE__FLEET__ORIGINURL=$origin start edge-1 edge $((port + 1))
EDGE__FLEET__ORIGINURL=$origin start edge-2 edge $((port + 2))
all_run

origin_pid=${nodes#* origin:} origin_pid=${origin_pid%% *}
cat << TEXT

A fleet is ready: the origin on $origin, edges on :$((port + 1)) and :$((port + 2)). Try, in another terminal:
  the key             KEY=\$(cat '$dir/key')
  pixel at an edge    curl -i http://127.0.0.1:$((port + 1))/s/demo-ab/pixel.gif --output -
  one choice at both  curl 'http://127.0.0.1:$((port + 1))/s/demo-ab/resolve?u=me' 'http://127.0.0.1:$((port + 2))/s/demo-ab/resolve?u=me'
  some visitors       '$edge' demo-traffic --url http://127.0.0.1:$((port + 1))
  their results       EDGE_KEY=\$KEY '$edge' results demo-ab --url $origin
  experiments         curl -H "Authorization: Bearer \$KEY" $origin/experiments/api
  the page            $origin/ui/ (the key is in $dir/key)
  the edges           curl -H "Authorization: Bearer \$KEY" $origin/fleet/nodes
  what a role is not  curl $origin/s/demo-ab/resolve
  without the origin  kill -STOP $origin_pid, and the edges serve on; kill -CONT goes on with it
Events of all nodes   $dir/origin/forwarded/*.ndjson (no ClickHouse, no PostgreSQL here)
Logs                  $dir/*.log
Ctrl+C stops it.

TEXT
# A signal ends the wait.
while all_run; do
  sleep 1 &
  wait $! || true
done
exit 1
