#!/usr/bin/env bash
# Measures Edge's pixel and click beside the servers in peers/, and appends the figures to RESULTS.md.
# Method, settings and how to read the table: README.md in this directory.
#
#   make publish && loadtests/compare.sh
#   ONLY=pixel ROUNDS=9 SECONDS=10 CONNECTIONS=128 EDGE_BINARY=path/to/edge loadtests/compare.sh

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
. "$here/measure.sh"

peers=$here/peers
edge_binary=${EDGE_BINARY:-$root/artifacts/edge/edge}
rounds=${ROUNDS:-7}
connections=${CONNECTIONS:-64}
# Bash counts SECONDS up from its own start, so the caller's value is read from the environment it left.
round_seconds=$(tr '\0' '\n' < "/proc/$$/environ" | sed -n 's/^SECONDS=//p')
round_seconds=${round_seconds:-5}
only=${ONLY:-}
cores=$(nproc)
results=${RESULTS:-$here/RESULTS.md}

server_core=0
client_core=1
warm_up_seconds=1
starts=5
answer_deadline_us=10000000
stop_deadline_tenths=150
drain_deadline_seconds=60
# A measurement is repeated when other processes took more than this share of both cores meanwhile, but not forever.
foreign_percent_max=10
attempts_max=5
calm_deadline_seconds=${CALM_SECONDS:-60}

# In the order of a round; those that cannot be installed are taken out by prepare_tools.
servers=(nginx nginx-headers edge lua fastify workerd)
# Those that choose a variant, and those that send all of Edge's headers.
choosing=(edge lua fastify workerd)
same_headers=(nginx-headers lua fastify workerd)
skipped=()
declare -A title=(
  [nginx]="nginx" [nginx-headers]="nginx, Edge's headers" [lua]="Lua in nginx" [fastify]="fastify" [workerd]="workerd" [edge]="**Edge**")
declare -A path=([pixel]=/s/demo-ab/pixel.gif [click]=/s/demo-ab/click)
declare -A port=() pid=() idle_kb=() loaded_kb=() first_answer=()

fail() { echo "compare.sh: $*" >&2; exit 1; }

# --- What is needed -------------------------------------------------------------------------------------------------

install_packages() {
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  echo "installing $*"
  $sudo apt-get update -qq
  # Runlevel 1 keeps Debian from starting a service of its own on port 80.
  $sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

# Takes a peer out of the comparison: skip NAME REASON.
skip() {
  local name left=()
  skipped+=("${title[$1]}: $2")
  echo "compare.sh: without ${title[$1]}: $2" >&2
  for name in "${servers[@]}"; do
    [ "$name" = "$1" ] || left+=("$name")
  done
  servers=("${left[@]}")
}

has() { [[ " ${servers[*]} " == *" $1 "* ]]; }

prepare_tools() {
  local tool missing=()
  PATH=$PATH:/usr/sbin
  for tool in nginx wrk curl; do
    command -v "$tool" > /dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"

  local lua_module=/usr/lib/nginx/modules/ngx_http_lua_module.so
  [ -e "$lua_module" ] || install_packages libnginx-mod-http-lua || true
  [ -e "$lua_module" ] || skip lua "libnginx-mod-http-lua cannot be installed"

  local platform=linux-64
  [ "$(uname -m)" != aarch64 ] || platform=linux-arm64
  workerd_binary=$here/node_modules/@cloudflare/workerd-$platform/bin/workerd
  if ! [ -x "$workerd_binary" ] || ! [ -d "$here/node_modules/fastify" ]; then
    (cd "$here" && npm ci --loglevel=error) || true
  fi
  [ -x "$workerd_binary" ] || skip workerd "npm ci does not install it"
  if ! command -v node > /dev/null || ! [ -d "$here/node_modules/fastify" ]; then
    skip fastify "npm ci does not install it, or node is missing"
  fi
}

check_settings() {
  [ -x "$edge_binary" ] || fail "no executable at $edge_binary: run 'make publish', or set EDGE_BINARY"
  [ "$cores" -ge 2 ] || fail "needs two cores, one for the servers and one for the client"
  [[ $rounds =~ ^[1-9][0-9]*$ && $round_seconds =~ ^[1-9][0-9]*$ && $connections =~ ^[1-9][0-9]*$ &&
    $calm_deadline_seconds =~ ^[0-9]+$ ]] || fail "ROUNDS, SECONDS, CONNECTIONS and CALM_SECONDS are whole numbers"
  case $only in
    "") routes=(pixel click) ;;
    pixel | click) routes=("$only") ;;
    *) fail "ONLY is pixel or click, not '$only'" ;;
  esac
}

# --- Servers --------------------------------------------------------------------------------------------------------

# Starts a server in a directory of its own, pinned to the servers' core. Sets pid[NAME] and port[NAME].
start() {
  local name=$1 directory
  port[$name]=$(free_port)
  directory=$(mktemp -d "$scratch/$name.XXXX")
  chmod 755 "$directory"
  case $name in
    nginx)
      port[nginx-headers]=$(free_port)
      sed -e "s|@PORT@|${port[nginx]}|; s|@SAME_HEADERS_PORT@|${port[nginx-headers]}|" \
        -e "s|@DESTINATION@|$destination|" "$peers/nginx/nginx.conf" > "$directory/nginx.conf"
      set -- nginx -p "$directory" -e error.log -c nginx.conf
      ;;
    lua)
      sed -e "s|@PORT@|${port[lua]}|; s|@DESTINATION@|$destination|; s|@SOURCE@|$peers/lua|" "$peers/lua/nginx.conf" \
        > "$directory/nginx.conf"
      set -- nginx -p "$directory" -e error.log -c nginx.conf
      ;;
    fastify)
      set -- env NODE_ENV=production node "$peers/fastify/server.js" "${port[fastify]}" "$destination" "$directory/events.log"
      ;;
    workerd)
      set -- env DESTINATION="$destination" \
        "$workerd_binary" serve "$peers/workerd/config.capnp" --socket-addr "http=127.0.0.1:${port[workerd]}"
      ;;
    edge)
      mkdir -m 700 "$directory/data"
      cp -r "$here/experiments" "$directory/data/experiments"
      set -- "$edge_binary" serve --data-dir "$directory/data" --urls "http://127.0.0.1:${port[edge]}"
      ;;
  esac
  taskset -c "$server_core" "$@" > "$directory/output" 2>&1 &
  pid[$name]=$!
  [ "$name" != nginx ] || pid[nginx-headers]=$!
}

stop() {
  local name=$1
  [ -n "${pid[$name]:-}" ] || return 0
  local count
  kill "${pid[$name]}" 2> /dev/null || true
  for ((count = 0; count < stop_deadline_tenths; count++)); do
    kill -0 "${pid[$name]}" 2> /dev/null || break
    sleep 0.1
  done
  kill -KILL "${pid[$name]}" 2> /dev/null || true
  wait "${pid[$name]}" 2> /dev/null || true
  unset "pid[$name]"
  [ "$name" != nginx ] || unset "pid[nginx-headers]"
}

# Asks for the pixel until it is answered, without starting a process. Sets answered_us, the microseconds since $2.
wait_for_answer() {
  local name=$1 began_us=$2 line
  while true; do
    if { { printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "${path[pixel]}" >&3 &&
      read -r line <&3; } 3<> "/dev/tcp/127.0.0.1/${port[$name]}"; } 2> /dev/null && [[ $line == "HTTP/1.1 200"* ]]; then
      answered_us=$((${EPOCHREALTIME/./} - began_us))
      return
    fi
    if ((${EPOCHREALTIME/./} - began_us > answer_deadline_us)) || ! kill -0 "${pid[$name]}" 2> /dev/null; then
      cat "$scratch/$name".*/output >&2
      fail "$name does not answer on port ${port[$name]}"
    fi
  done
}

# Starts a server several times, each in a new directory, and leaves the last one running. Sets first_answer[NAME] (ms).
start_and_time() {
  local name=$1 count began_us answered_us times=()
  for ((count = 1; count <= starts; count++)); do
    stop "$name"
    began_us=${EPOCHREALTIME/./}
    start "$name"
    wait_for_answer "$name" "$began_us"
    times+=("$answered_us")
  done
  first_answer[$name]=$(printf '%s\n' "${times[@]}" | median | awk '{ printf "%.0f", $1 / 1000 }')
}

check_answers() {
  local name=$1 url=http://127.0.0.1:${port[$1]} answer
  curl -s -o "$scratch/pixel" -D "$scratch/head" "$url${path[pixel]}"
  if ! { grep -q '^HTTP/1.1 200' "$scratch/head" && grep -qi '^content-type: image/gif' "$scratch/head" &&
    [ "$(wc -c < "$scratch/pixel")" = 43 ] && [ "$(head -c 6 "$scratch/pixel")" = GIF89a ]; }; then
    fail "$name does not answer the pixel with a 43-byte GIF"
  fi
  answer=$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' "$url${path[click]}")
  [ "$answer" = "302 $destination" ] || fail "$name answers the click with '$answer', not 302 to $destination"
}

# The servers that send the same headers must send all of Edge's, but for those that every server words by itself.
check_same_headers() {
  local route name line
  for route in pixel click; do
    curl -s -o /dev/null -D "$scratch/edge-head" "http://127.0.0.1:${port[edge]}${path[$route]}"
    for name in "${same_headers[@]}"; do
      has "$name" || continue
      curl -s -o /dev/null -D "$scratch/head" "http://127.0.0.1:${port[$name]}${path[$route]}"
      while read -r line; do
        grep -qixF "$line" "$scratch/head" || fail "$name lacks this header of Edge's $route: $line"
      done < <(grep -iv '^HTTP/\|^Date:\|^Content-Length:\|^Connection:\|^.$' "$scratch/edge-head")
    done
  done
}

# Who chooses must really choose: compares the answers with the rule, worked out by other programs.
check_choices() {
  local name agent key bucket expected answer
  for agent in one two three four five; do
    key=$(printf '127.0.0.1%s' "$agent" | sha256sum | cut -c 1-16)
    bucket=$((0x$(printf 'exp_demo_ab:%s' "$key" | md5sum | cut -c 1-8) % 10000))
    expected=$([ "$bucket" -lt 5000 ] && echo a || echo b)
    for name in "${choosing[@]}"; do
      has "$name" || continue
      answer=$(curl -s -A "$agent" "http://127.0.0.1:${port[$name]}/s/demo-ab/resolve")
      [[ $answer == *"\"variantId\":\"$expected\""* ]] || fail "$name chose $answer for '$agent', not $expected"
    done
  done
}

# --- Measuring ------------------------------------------------------------------------------------------------------

# Runs wrk. Sets sample to: requests, microseconds, p50, p99 in microseconds, errors.
load() {
  local name=$1 route=$2 seconds=$3
  local TIMEFORMAT='%U %S'
  { time REQUEST_PATH=${path[$route]} taskset -c "$client_core" wrk -t 1 -c "$connections" -d "${seconds}s" \
    -s "$here/requests.lua" "http://127.0.0.1:${port[$name]}" > "$scratch/wrk"; } 2> "$scratch/wrk-time"
  read -ra sample < <(sed -n 's/^sample //p' "$scratch/wrk")
  [ ${#sample[@]} = 5 ] || fail "wrk gave no figures for $name"
  client_ticks=$(awk -v hertz="$hertz" '{ printf "%.0f", ($1 + $2) * hertz }' "$scratch/wrk-time")
}

# Ticks that any process, and the hypervisor, took from the two cores since the machine started.
busy_ticks() {
  awk -v a="cpu$server_core" -v b="cpu$client_core" \
    '$1 == a || $1 == b { total += $2 + $3 + $4 + $7 + $8 + $9 } END { print total }' /proc/stat
}

# Waits for a second in which the cores were nearly idle.
wait_for_calm() {
  local waited before
  for ((waited = 0; waited < calm_deadline_seconds; waited++)); do
    before=$(busy_ticks)
    sleep 1
    [ $(($(busy_ticks) - before)) -gt $((2 * hertz * foreign_percent_max / 100)) ] || return 0
  done
}

# Waits until a server has done everything that a round has left it to do: for Edge, until every sink has taken every event.
settle() {
  if [ "$1" = edge ] && ! until_taken "http://127.0.0.1:${port[edge]}" "$drain_deadline_seconds"; then
    fail "Edge does not catch up: $(curl -s "http://127.0.0.1:${port[edge]}/ledger")"
  fi
  wait_until_quiet "${pid[$1]}"
}

# One round of one server: a line "route server round requests/s p50_us p99_us cpu_us busy% errors requests foreign%".
measure() {
  local name=$1 route=$2 round=$3 attempt before busy_before after busy_after settled client_ticks foreign sample=()
  sync -f "$scratch"
  for ((attempt = 1; attempt <= attempts_max; attempt++)); do
    wait_for_calm
    busy_before=$(busy_ticks)
    before=$(cpu_ticks "${pid[$name]}")
    load "$name" "$route" "$round_seconds"
    after=$(cpu_ticks "${pid[$name]}")
    busy_after=$(busy_ticks)
    settle "$name"
    settled=$(cpu_ticks "${pid[$name]}")
    foreign=$(((busy_after - busy_before - (after - before) - client_ticks) * 100 / (2 * hertz * round_seconds)))
    if [ "$foreign" -le "$foreign_percent_max" ] || [ "$calm_deadline_seconds" = 0 ]; then
      break
    fi
    echo "$route $name $round disturbed: others took $foreign % of the cores"
  done
  loaded_kb[$name]=$(resident_kb "${pid[$name]}")
  awk -v who="$route $name $round" -v sample="${sample[*]}" -v hertz="$hertz" -v foreign="$foreign" \
    -v during=$((after - before)) -v all=$((settled - before)) 'BEGIN {
      split(sample, s, " ")
      printf "%s %.0f %d %d %.2f %.0f %d %d %d\n", who, s[1] / s[2] * 1e6, s[3], s[4],
        all / hertz * 1e6 / s[1], during / hertz * 1e8 / s[2], s[5], s[1], foreign }' | tee -a "$scratch/samples"
}

# Median over the rounds of one column (4 = requests/s ...).
middle() { awk -v r="$1" -v n="$2" -v c="$3" '$1 == r && $2 == n { print $c }' "$scratch/samples" | median; }

# What one server has divided by what another has, in a column (4 = requests/s, 7 = CPU): median of the ratios within each round, because the machine's speed
# differs between rounds.
ratio() {
  awk -v r="$1" -v n="$2" -v to="$3" -v c="$4" '$1 == r { value[$2, $3] = $c; if ($3 > rounds) rounds = $3 }
    END { for (i = 1; i <= rounds; i++) print value[n, i] / value[to, i] }' "$scratch/samples" | median
}

# --- Report ---------------------------------------------------------------------------------------------------------

megabytes() { awk -v kb="$1" 'BEGIN { printf "%.1f", kb * 1024 / 1e6 }'; }

table() {
  local route=$1 name
  echo "| $route | CPU us/request | nginx's CPU / its | its CPU / Edge's | requests/s | of nginx | p50 ms | p99 ms | core busy | RSS MB | errors |"
  echo "|---|---|---|---|---|---|---|---|---|---|---|"
  for name in "${servers[@]}"; do
    printf '| %s | %.1f | %.2f | %.2f | %.0f | %.2f | %.2f | %.2f | %.0f %% | %s | %.0f |\n' "${title[$name]}" \
      "$(middle "$route" "$name" 7)" "$(ratio "$route" nginx "$name" 7)" "$(ratio "$route" "$name" edge 7)" \
      "$(middle "$route" "$name" 4)" "$(ratio "$route" "$name" nginx 4)" \
      "$(middle "$route" "$name" 5 | awk '{ print $1 / 1000 }')" \
      "$(middle "$route" "$name" 6 | awk '{ print $1 / 1000 }')" \
      "$(middle "$route" "$name" 8)" "$(megabytes "${loaded_kb[$name]}")" \
      "$(awk -v r="$route" -v n="$name" '$1 == r && $2 == n { e += $9 } END { print e }' "$scratch/samples")"
  done
  echo
  echo "CPU us/request round by round: $(for name in "${servers[@]}"; do
    printf '%s %s; ' "$name" "$(awk -v r="$route" -v n="$name" '$1 == r && $2 == n { printf "%s ", $7 }' "$scratch/samples")"
  done | sed 's/ ; $//; s/ ;/;/g')." \
    "Other processes took $(awk -v r="$route" '$1 == r { print $11 }' "$scratch/samples" | sort -n |
      awk '{ v[NR] = $1 } END { printf "%d %% of both cores in the median, %d %% at worst", v[int((NR + 1) / 2)], v[NR] }')."
  echo
}

start_table() {
  local name
  echo "| | first answer ms | idle RSS MB | binary MB |"
  echo "|---|---|---|---|"
  for name in "${processes[@]}"; do
    printf '| %s | %s | %s | %s |\n' "${title[$name]}" "${first_answer[$name]}" "$(megabytes "${idle_kb[$name]}")" \
      "$(stat -L -c %s "/proc/${pid[$name]}/exe" | awk '{ printf "%.1f", $1 / 1e6 }')"
  done
  echo
}

# What became of Edge's events: its own counters, to be compared with the number of requests it was sent.
edge_counts() {
  local sent
  sent=$(awk '$2 == "edge" { total += $10 } END { print total }' "$scratch/samples")
  curl -s "http://127.0.0.1:${port[edge]}/metrics" | awk -v sent="$sent" '
    $1 == "edge_events_stored_total" { stored = $2 }
    /^edge_events_dropped_total/ { dropped += $2 }
    /^edge_sink_forwarded_total/ { forwarded = $2 }
    /^edge_sink_pending[{]/ { pending = $2 }
    END { printf "Edge was sent %d requests in these rounds, more while warming up and checking. Its own count since the start: " \
      "%d events stored, %d dropped, %d forwarded, %d pending.\n\n", sent, stored, dropped, forwarded, pending }'
}

command_line() {
  local line="ROUNDS=$rounds SECONDS=$round_seconds CONNECTIONS=$connections"
  [ -z "$only" ] || line="ONLY=$only $line"
  [ "$calm_deadline_seconds" = 60 ] || line="CALM_SECONDS=$calm_deadline_seconds $line"
  echo "$line loadtests/compare.sh"
}

# The commit the measured binary was built from, as it says itself.
commit() { "$edge_binary" version | sed -n 's/.*commit \([0-9a-f]\{7,12\}\).*/\1/p'; }

# The peers that are not always there.
peer_versions() {
  ! has lua || echo "Lua module $(dpkg-query -W -f '${Version}' libnginx-mod-http-lua),"
  ! has fastify || echo "fastify $(sed -n 's/^  "version": "\(.*\)".*/\1/p' "$here/node_modules/fastify/package.json") on Node $(node --version),"
  ! has workerd || echo "$("$workerd_binary" --version),"
}

report() {
  local route
  echo
  echo "## $(date -u '+%Y-%m-%d %H:%M') UTC, commit $(commit)"
  echo
  echo "- Command: \`$(command_line)\`"
  echo "- Machine: $cores cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
    "Linux $(uname -r | cut -d - -f 1), files on $(stat -f -c %T "$scratch");" \
    "load average before the run $load_average."
  echo "- $(nginx -v 2>&1 | sed 's/.*nginx\//nginx /'), $(peer_versions | paste -sd ' ')" \
    "$(wrk -v 2>&1 | sed -n 's/^\(wrk\) [a-z]*\/\?\([0-9.]*\).*/\1 \2/p'), $("$edge_binary" version | head -n 1)"
  [ ${#skipped[@]} = 0 ] || printf -- '- Left out: %s\n' "${skipped[@]}"
  echo
  for route in "${routes[@]}"; do
    table "$route"
  done
  edge_counts
  start_table
}

# --- The run --------------------------------------------------------------------------------------------------------

clean_up() {
  local name
  for name in edge workerd fastify lua nginx; do
    stop "$name"
  done
  rm -rf "$scratch"
}

check_settings
prepare_tools
load_average=$(cut -d ' ' -f 1 /proc/loadavg)
scratch=$(mktemp -d)
chmod 755 "$scratch"
trap clean_up EXIT
trap 'exit 130' INT TERM

taskset -cp "$client_core" $$ > /dev/null
destination=$(sed -n 's/.*"destinationUrl": "\([^"]*\)".*/\1/p' "$here/experiments/exp_demo_ab.json")
# Two servers are one process of nginx.
processes=()
for name in "${servers[@]}"; do
  [ "$name" != nginx-headers ] || continue
  processes+=("$name")
  start_and_time "$name"
done
for name in "${servers[@]}"; do
  check_answers "$name"
done
check_same_headers
check_choices
sleep 2
backwards=()
for name in "${servers[@]}"; do
  idle_kb[$name]=$(resident_kb "${pid[$name]}")
  backwards=("$name" "${backwards[@]}")
done

for route in "${routes[@]}"; do
  for name in "${servers[@]}"; do
    load "$name" "$route" "$warm_up_seconds"
    settle "$name"
  done
  for ((round = 1; round <= rounds; round++)); do
    # Every second round goes backwards, so that a machine that slows down or speeds up favours nobody.
    order=("${servers[@]}")
    [ $((round % 2)) = 1 ] || order=("${backwards[@]}")
    for name in "${order[@]}"; do
      measure "$name" "$route" "$round"
    done
  done
done

report > "$scratch/report"
cat "$scratch/report"
cat "$scratch/report" >> "$results"
