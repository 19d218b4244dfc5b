#!/bin/sh
# Runs a fleet on this machine's loopback: one origin and two edges, each with a data directory of its own, until Ctrl+C or SIGTERM,
# or until one of them ends.
#
#   tools/fleet/run.sh EDGE DIRECTORY [PORT]
#
# The origin listens on PORT (8070), the edges on the two after it, and on the three after those a PostgreSQL, which has the experiments, and
# a ClickHouse, which has and counts the events, where both are installed; FLEET_SERVERS=none leaves them out, and then the origin has the
# experiments, and writes the events of all nodes to files. DIRECTORY keeps what they store, the fleet's secret and the key of the
# management API for the next time.
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
server_pids=

stop() {
  trap - EXIT INT TERM
  for pid in $pids; do kill "$pid" 2> /dev/null && kill -CONT "$pid" 2> /dev/null || true; done
  for pid in $pids; do wait "$pid" || true; done
  # Of PostgreSQL it is the signal for a stop that waits for nobody.
  for pid in $server_pids; do kill -INT "$pid" 2> /dev/null || true; done
  for pid in $server_pids; do wait "$pid" || true; done
  echo "Stopped. $dir keeps what they stored."
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for name in secret store-password; do
  if [ ! -s "$dir/$name" ]; then
    (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$dir/$name")
  fi
done

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

server() { # server NAME COMMAND...: starts a server, whose log is its own
  name=$1
  shift
  "$@" > "$dir/$name.log" 2>&1 &
  server_pids="$server_pids $!"
  nodes="$nodes $name:$!"
}

until_ready() { # until_ready COMMAND...: waits until it succeeds
  until "$@" > /dev/null 2>&1; do
    all_run
    sleep 0.2
  done
}

start_postgres() { # on PORT + 3, its data in a directory that its user owns
  as=
  data=$dir/postgres
  if [ "$(id -u)" = 0 ]; then
    # It refuses to run as root, and its user may not come to where root keeps things.
    as="setpriv --reuid postgres --regid postgres --clear-groups"
    [ -s "$dir/postgres-data" ] || mktemp -d /var/tmp/edge-fleet-XXXXXX > "$dir/postgres-data"
    data=$(cat "$dir/postgres-data")
  fi
  mkdir -p "$data"
  if [ ! -d "$data/cluster" ]; then
    cp "$dir/store-password" "$data/password"
    [ -z "$as" ] || chown -R postgres "$data"
    (cd / && $as "$postgres/initdb" --pgdata "$data/cluster" --username edge --pwfile "$data/password" --auth scram-sha-256 --encoding UTF8 \
      --locale C --no-instructions) > "$dir/postgres.log" 2>&1 || { cat "$dir/postgres.log" >&2; exit 1; }
    rm "$data/password"
  fi
  server postgres $as "$postgres/postgres" -D "$data/cluster" -c listen_addresses=127.0.0.1 -c port=$((port + 3)) -c unix_socket_directories=
  until_ready "$postgres/pg_isready" --host 127.0.0.1 --port $((port + 3))
  export EDGE__STORE__KIND=postgres EDGE__STORE__PASSWORDFILE="$dir/store-password" \
    EDGE__STORE__CONNECTION="Host=127.0.0.1;Port=$((port + 3));Database=postgres;Username=edge"
  "$edge" store migrate > /dev/null
}

start_clickhouse() { # on PORT + 4 by HTTP, and 5
  mkdir -p "$dir/clickhouse"
  password=$(cat "$dir/store-password")
  (umask 077 && cat > "$dir/clickhouse/config.xml" << XML
<yandex>
  <logger><level>warning</level><log>$dir/clickhouse/log</log><errorlog>$dir/clickhouse/errors</errorlog></logger>
  <http_port>$((port + 4))</http_port><tcp_port>$((port + 5))</tcp_port><listen_host>127.0.0.1</listen_host>
  <path>$dir/clickhouse/data/</path><tmp_path>$dir/clickhouse/tmp/</tmp_path><users_config>users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database><mark_cache_size>67108864</mark_cache_size>
</yandex>
XML
    cat > "$dir/clickhouse/users.xml" << XML
<yandex><profiles><default/></profiles><quotas><default/></quotas>
  <users><default><password>$password</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
</yandex>
XML
  )
  server clickhouse "$clickhouse" --config-file="$dir/clickhouse/config.xml"
  until_ready curl -sf "http://127.0.0.1:$((port + 4))/ping"
  export EDGE__SINKS__HOUSE__TYPE=clickhouse EDGE__SINKS__HOUSE__URL=http://127.0.0.1:$((port + 4)) \
    EDGE__SINKS__HOUSE__PASSWORDFILE="$dir/store-password"
  EDGE__TALLY__SINK=house "$edge" sink init house > /dev/null
}

example_definitions() { # those of --demo, which are for a store of files, from a node that ends again
  EDGE__API__FIRSTKEYFILE=$dir/example/key start example origin $((port + 1)) --demo
  EDGE_KEY=$(cat "$dir/example/key") "$edge" experiments export "$dir/definitions" --url http://127.0.0.1:$((port + 1)) > /dev/null
  kill "$!"
  wait "$!" || true
  nodes=${nodes% example:*}
}

postgres=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)
clickhouse=$(PATH=$PATH:/usr/sbin command -v clickhouse-server || true)
if [ "${FLEET_SERVERS:-}" = none ] || [ -z "$postgres" ] || [ -z "$clickhouse" ] || ! command -v curl > /dev/null; then
  servers=
  EDGE__API__FIRSTKEYFILE=$dir/key start origin origin "$port" --demo
else
  servers=yes
  [ -d "$dir/definitions" ] || example_definitions
  start_postgres
  start_clickhouse
  EDGE__TALLY__SINK=house EDGE__TALLY__REFRESHSECONDS=2 EDGE__API__FIRSTKEYFILE=$dir/key start origin origin "$port"
  EDGE_KEY=$(cat "$dir/key") "$edge" experiments apply -f "$dir/definitions" --url "$origin" > /dev/null
  unset EDGE__STORE__KIND EDGE__STORE__PASSWORDFILE EDGE__STORE__CONNECTION
  export EDGE__SINKS__ORIGIN__ENABLED=false
fi
EDGE__FLEET__ORIGINURL=$origin start edge-1 edge $((port + 1))
EDGE__FLEET__ORIGINURL=$origin start edge-2 edge $((port + 2))
all_run

origin_pid=${nodes#* origin:} origin_pid=${origin_pid%% *}
if [ -n "$servers" ]; then
  events="curl -s http://127.0.0.1:$((port + 4)) -u default:\$(cat '$dir/store-password') -d 'SELECT node, type, count() FROM edge_events GROUP BY node, type'"
  store="psql 'host=127.0.0.1 port=$((port + 3)) user=edge dbname=postgres', with the password in $dir/store-password: the schema edge"
else
  events="$dir/origin/forwarded/*.ndjson (no ClickHouse here)"
  store="$dir/origin/experiments (no PostgreSQL here)"
fi
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
Events of all nodes   $events
The experiments       $store
Logs                  $dir/*.log
Ctrl+C stops it.

TEXT
# A signal ends the wait.
while all_run; do
  sleep 1 &
  wait $! || true
done
exit 1
