#!/bin/sh
# Runs a fleet on this machine's loopback: one origin and two edges, each with a data directory of its own, until Ctrl+C or SIGTERM.
#
#   tools/fleet/run.sh EDGE DIRECTORY [PORT]
#
# The origin listens on PORT (8070), the edges on the two after it. DIRECTORY keeps what they store, the fleet's secret and the key of
# the management API for the next time. No ClickHouse and no PostgreSQL: the origin writes the events of all nodes to files.
set -eu
edge=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
port=${3:-8070}
origin=http://127.0.0.1:$port
pids=

stop() {
  trap - EXIT INT TERM
  for pid in $pids; do kill "$pid" 2> /dev/null || true; done
  for pid in $pids; do wait "$pid" || true; done
  echo "Stopped. $dir keeps what they stored."
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -s "$dir/secret" ]; then
  (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$dir/secret")
fi

node() { # node NAME ROLE PORT ARGUMENT...: starts one, and waits until it is ready
  name=$1 role=$2 at=http://127.0.0.1:$3
  shift 3
  EDGE__NODE=$name EDGE__ROLE=$role EDGE__FLEET__ID=local EDGE__FLEET__SECRETFILE=$dir/secret \
    "$edge" serve --data-dir "$dir/$name" --urls "$at" "$@" 2> "$dir/$name.log" &
  pid=$!
  pids="$pids $pid"
  until "$edge" healthcheck --url "$at" > /dev/null 2>&1; do
    if ! kill -0 "$pid" 2> /dev/null; then
      echo "$name did not start:" >&2
      tail -n 3 "$dir/$name.log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

EDGE__API__FIRSTKEYFILE=$dir/key node origin origin "$port" --demo
EDGE__FLEET__ORIGINURL=$origin node edge-1 edge $((port + 1))
EDGE__FLEET__ORIGINURL=$origin node edge-2 edge $((port + 2))
key=$(cat "$dir/key")

cat << TEXT

A fleet is ready: the origin on $origin, edges on :$((port + 1)) and :$((port + 2)). Try, in another terminal:
  pixel at an edge    curl -i http://127.0.0.1:$((port + 1))/s/demo-ab/pixel.gif --output -
  one choice at both  curl http://127.0.0.1:$((port + 1))/s/demo-ab/resolve?u=me http://127.0.0.1:$((port + 2))/s/demo-ab/resolve?u=me
  some visitors       $edge demo-traffic --url http://127.0.0.1:$((port + 1))
  experiments         curl -H "Authorization: Bearer $key" $origin/experiments/api
  the page            $origin/ui/ (the key is in $dir/key)
  the edges           curl -H "Authorization: Bearer $key" $origin/fleet/nodes
  what a role is not  curl $origin/s/demo-ab/resolve
  without the origin  kill${pids% * *}, and an edge serves on
Events of all nodes   $dir/origin/forwarded/*.ndjson (no ClickHouse, no PostgreSQL here)
Logs                  $dir/*.log
Ctrl+C stops it.

TEXT
# A signal ends the wait.
wait
