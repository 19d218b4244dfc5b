#!/usr/bin/env bash
# Every acknowledged event is one row of ClickHouse, whatever happens on the way: feeds Edge over /v1/bulk-track while FAULTS faults strike one after
# the other: ClickHouse killed, stopped in order or frozen, the way to it closed, answers 500 and 429, answers that get lost after the data was taken;
# half of them, and some alone, with a kill -9 of Edge in the middle. At the end every id of an answer 200 must stand in the table, and no id twice.
# nginx stands between Edge and ClickHouse for the faults of the way. Shares the machine's cores; a run of 200 faults takes four minutes.
#
#   make publish && loadtests/faults.sh            FAULTS=200 SEED=1 BATCH=30 EDGE_BINARY=path/to/edge
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/measure.sh"
edge=${EDGE_BINARY:-$here/../artifacts/edge/edge}
faults=${FAULTS:-200}
batch=${BATCH:-30}
RANDOM=${SEED:-1}
drain_deadline=300
for tool in wrk curl nginx clickhouse-server; do command -v "$tool" >/dev/null || { echo "faults.sh: needs $tool" >&2; exit 1; }; done

work=$(mktemp -d)
edge_pid=
house_pid=
nginx_pid=
trap 'kill_server "$edge_pid"; kill_server "$house_pid"; close_way; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

house_port=$(free_port)
house=http://127.0.0.1:$house_port
way_port=$(free_port)
url=http://127.0.0.1:$(free_port)
house_config "$work" "$work" "$house_port"
start_house() { house_start "$work" "$house"; }
ask() { curl -sf "$house/" --data-binary "$1"; }

# The way to ClickHouse: what nginx does with a request.
open_way() {
  cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 64; }
http {
  access_log off; client_max_body_size 0; client_body_buffer_size 16m; client_body_temp_path $work/n1; proxy_temp_path $work/n2;
  fastcgi_temp_path $work/n3; uwsgi_temp_path $work/n4; scgi_temp_path $work/n5;
  server { listen 127.0.0.1:$way_port; location / { $1 } }
}
CONF
  nginx -c "$work/nginx.conf" >"$work/nginx.out" 2>&1 &
  nginx_pid=$!
}
close_way() {
  [ -n "$nginx_pid" ] || return 0
  # Its worker ends with it only when asked.
  kill -TERM "$nginx_pid" 2>/dev/null || true
  wait "$nginx_pid" 2>/dev/null || true
  nginx_pid=
}
sound="proxy_pass $house; proxy_read_timeout 30s;"
change_way() { close_way; open_way "$1"; }

data=$work/data
export EDGE__SINKS__HOUSE__TYPE=clickhouse EDGE__SINKS__HOUSE__URL=http://127.0.0.1:$way_port EDGE__SINKS__FILE__ENABLED=false
export EDGE__SINKS__HOUSE__LINGERMS=100 EDGE__SINKS__HOUSE__REQUESTTIMEOUTMS=1500 EDGE__SINKS__HOUSE__RETRYCEILINGMS=200
export EDGE__JOURNAL__MAXBYTES=$((16 << 30)) EDGE__JOURNAL__RETAINBYTES=0
start_edge() {
  "$edge" serve --data-dir "$data" --urls "$url" >>"$work/edge.out" 2>&1 &
  edge_pid=$!
  until curl -sf -o /dev/null "$url/healthz"; do kill -0 "$edge_pid"; sleep 0.02; done
}
pause() { sleep "0.$((RANDOM % $2 + $1))"; }

start_house
open_way "$sound"
"$edge" sink init house --data-dir "$data" >/dev/null
key=$("$edge" keys create --kind artie --project load --data-dir "$data")
start_edge
kinds=(edge kill-house stop-house freeze refuse 500 429 lost-answer)
declare -A struck
kills=0
began=$EPOCHSECONDS
for ((fault = 1; fault <= faults; fault++)); do
  kind=${kinds[RANDOM % ${#kinds[@]}]}
  struck[$kind]=$((${struck[$kind]:-0} + 1))
  ACKED=$work/acked BATCH=$batch PREFIX=f$fault KEY=$key wrk -t 1 -c 16 -d 1s -s "$here/acked.lua" "$url" >"$work/wrk" 2>&1 &
  wrk_pid=$!
  pause 10 40
  case $kind in
    kill-house) kill_server "$house_pid" ;;
    stop-house) kill -TERM "$house_pid" && { wait "$house_pid" || true; } ;;
    freeze) kill -STOP "$house_pid" ;;
    refuse) close_way ;;
    500) change_way "return 500;" ;;
    429) change_way "add_header Retry-After 1 always; return 429;" ;;
    lost-answer) change_way "proxy_pass $house; proxy_read_timeout 5ms;" ;;
  esac
  pause 10 30
  if [ "$kind" = edge ] || [ $((RANDOM % 2)) = 0 ]; then
    kill_server "$edge_pid"
    kills=$((kills + 1))
    start_edge
  fi
  pause 10 30
  case $kind in
    kill-house | stop-house) start_house ;;
    freeze) kill -CONT "$house_pid" ;;
    refuse | 500 | 429 | lost-answer) change_way "$sound" ;;
  esac
  wait "$wrk_pid" || true
done
wait_until_drained "$drain_deadline"
took=$((EPOCHSECONDS - began))
stored=$(gauge edge_events_stored_total)

ask "CREATE TABLE acked (id String) ENGINE = Memory" >/dev/null
awk '{ for (n = $2; n <= $3; n++) print $1 "-" n }' "$work/acked" >"$work/ids"
acked=$(wc -l <"$work/ids")
curl -sf "$house/?query=INSERT%20INTO%20acked%20FORMAT%20TSV" --data-binary "@$work/ids"
rows=$(ask "SELECT count() FROM edge_events FINAL")
distinct=$(ask "SELECT uniqExact(event_id) FROM edge_events")
raw=$(ask "SELECT count() FROM edge_events")
lost=$(ask "SELECT count() FROM acked WHERE id NOT IN (SELECT event_id FROM edge_events)")
letters=$({ find "$data/dead-letters" -type f 2>/dev/null || true; } | wc -l)

echo "$faults faults in $took s, seed ${SEED:-1}, $kills with a kill -9 of Edge:$(for kind in "${kinds[@]}"; do printf ' %s %d' "$kind" "${struck[$kind]:-0}"; done)."
echo "$acked events acknowledged, $lost of them missing; $stored stored, $rows rows FINAL, $distinct distinct ids, $raw rows before merging; $letters files of dead letters."
[ "$lost" = 0 ] && [ "$rows" = "$distinct" ] && [ "$rows" -ge "$acked" ] && [ "$letters" = 0 ] || { echo "faults.sh: not every acknowledged event is one row" >&2; exit 1; }
