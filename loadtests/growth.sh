#!/usr/bin/env bash
# Measures what a pixel costs while something grows: experiments, variants, the tree of conditions, the backlog in the journal, open connections. Appends a table to
# RESULTS.md. The servers of a series run side by side and are measured in turn, so that the ratios within it hold on a machine whose speed varies.
# Takes about five minutes and BACKLOG_GIB of disk. Method and settings: README.md in this directory.
#
#   make publish && loadtests/growth.sh
#   ONLY=backlog BACKLOG_GIB=1 ROUNDS=5 SECONDS=5 EDGE_BINARY=path/to/edge loadtests/growth.sh

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
. "$here/measure.sh"

edge_binary=${EDGE_BINARY:-$root/artifacts/edge/edge}
rounds=${ROUNDS:-3}
# Bash counts SECONDS up from its own start, so the caller's value is read from the environment it left.
round_seconds=$(tr '\0' '\n' < "/proc/$$/environ" | sed -n 's/^SECONDS=//p')
round_seconds=${round_seconds:-3}
backlog_gib=${BACKLOG_GIB:-2}
only=${ONLY:-experiments variants conditions backlog connections}
results=${RESULTS:-$here/RESULTS.md}

# A directory of experiments has at most 20,000 files, an experiment at most 20 variants, a tree at most 100 nodes.
experiments=${EXPERIMENTS:-10 1000 10000 20000}
variants="2 5 20"
conditions="1 10 50"
connections=${IDLE_CONNECTIONS:-1 1000 10000}

server_core=0
client_core=1
busy_connections=64
distinct_requests=20000
drain_deadline_seconds=60
settle_seconds_max=10
idle_seconds=3
backlog_gib_max=3
# Descriptors that a server needs beside those of connections.
own_descriptors=500

declare -A pid=() url=() start_ms=() paused=() helper=() idle_ticks=()

fail() { echo "growth.sh: $*" >&2; exit 1; }

# --- Experiments ----------------------------------------------------------------------------------------------------

# experiments_in DIRECTORY COUNT VARIANTS RULES: tests of so many variants, or smart links that ask for so many rules, all in vain.
experiments_in() {
  mkdir -p "$1"
  awk -v directory="$1" -v count="$2" -v variants="$3" -v rules="$4" 'BEGIN {
    split("device equals \"tv\"|language equals \"xx\"|utm_campaign equals \"none\"|referrer ends_with \".invalid\"|os equals \"BeOS\"|" \
      "url.param.plan starts_with \"silver\"|browser equals \"none\"", kinds, "|")
    for (i = 1; i <= rules; i++) {
      split(kinds[(i - 1) % 7 + 1], kind, " ")
      tree = tree (i > 1 ? "," : "") sprintf("{\"type\":\"rule\",\"property\":\"%s\",\"ruleOperator\":\"%s\",\"value\":%s}", kind[1], kind[2], kind[3])
    }
    if (rules > 0) {
      list = "{\"id\":\"v1\",\"weight\":0,\"conditions\":{\"type\":\"group\",\"operator\":\"OR\",\"children\":[" tree "]}},{\"id\":\"v2\",\"weight\":10000,\"isDefault\":true}"
    } else {
      for (i = 1; i <= variants; i++) {
        list = list (i > 1 ? "," : "") sprintf("{\"id\":\"v%d\",\"weight\":%d}", i, 10000 / variants)
      }
    }
    for (n = 0; n < count; n++) {
      file = sprintf("%s/exp_growth_%d.json", directory, n)
      printf("{\"uid\":\"exp_growth_%d\",\"slug\":\"growth-%d\",\"type\":\"%s\",\"name\":\"Growth %d\",\"status\":\"running\",\"variants\":[%s],"\
        "\"goalConfig\":{\"type\":\"click_through\",\"destinationUrl\":\"https://example.com/%d\"}}\n", n, n, rules > 0 ? "smart_link" : "ab_test", n, list, n) > file
      close(file)
    }
  }'
}

# --- Servers --------------------------------------------------------------------------------------------------------

# start NAME EXPERIMENTS VARIANTS RULES
start() {
  local name=$1 data=$scratch/$1 port began_us
  mkdir -m 700 "$data"
  experiments_in "$data/experiments" "$2" "$3" "$4"
  port=$(free_port)
  url[$name]=http://127.0.0.1:$port
  began_us=${EPOCHREALTIME/./}
  EDGE__HTTP__MAXCONNECTIONS=20000 EDGE__HTTP__MAXPERADDRESSPERCENT=100 EDGE__HTTP__KEEPALIVETIMEOUTMS=3600000 \
    EDGE__JOURNAL__MAXBYTES=$(((backlog_gib_max + 5) << 30)) \
    taskset -c "$server_core" "$edge_binary" serve --data-dir "$data" --urls "${url[$name]}" > "$data.out" 2>&1 &
  pid[$name]=$!
  until curl -sf -o /dev/null "${url[$name]}/readyz"; do
    kill -0 "${pid[$name]}" 2> /dev/null || { cat "$data.out" >&2; fail "edge ended"; }
    sleep 0.02
  done
  start_ms[$name]=$(((${EPOCHREALTIME/./} - began_us) / 1000))
  curl -s "${url[$name]}/s/growth-$(($2 - 1))/resolve" | grep -q variantId || fail "the experiments are not served: $(head -n 3 "$data.out")"
}

stop_all() {
  local process
  for process in "${helper[@]}" "${pid[@]}"; do
    kill_server "$process"
  done
  pid=() helper=() paused=()
  rm -rf "${scratch:?}"/*/
}

# load NAME NUMBERS SECONDS [REFERRER]; sets sample to: requests, microseconds, p50, p99 in microseconds, errors.
load() {
  read -ra sample < <(REQUEST_PATH='/s/growth-{n}/pixel.gif' REQUEST_NUMBERS=$2 REQUESTS=$distinct_requests REQUEST_REFERRER=${4:-https://mail.example.com/} \
    taskset -c "$client_core" wrk -t 1 -c "$busy_connections" -d "${3}s" -s "$here/requests.lua" "${url[$1]}" | sed -n 's/^sample //p')
  [ "${#sample[@]}" = 5 ] && [ "${sample[4]}" = 0 ] || fail "$1: wrk had errors: ${sample[*]}"
}

# Waits until a server does no more than it does when it is idle.
settle() {
  local before now count
  [ -n "${paused[$1]:-}" ] || until_taken "${url[$1]}" "$drain_deadline_seconds" || fail "$1 does not catch up"
  before=$(cpu_ticks "${pid[$1]}")
  for ((count = 0; count < settle_seconds_max * 2; count++)); do
    sleep 0.5
    now=$(cpu_ticks "${pid[$1]}")
    [ $((now - before)) -gt $((2 + idle_ticks[$1] / idle_seconds)) ] || return 0
    before=$now
  done
}

# Notes what servers use when nobody asks them anything.
measure_idle() {
  local name
  local -A before=()
  # What a start has left to do is done by then.
  sleep "$idle_seconds"
  for name in "$@"; do
    before[$name]=$(cpu_ticks "${pid[$name]}")
  done
  sleep "$idle_seconds"
  for name in "$@"; do
    idle_ticks[$name]=$(($(cpu_ticks "${pid[$name]}") - before[$name]))
  done
}

# measure SERIES NAME NUMBERS ROUND: a line "series name round cpu_us", beyond what the server uses when it is idle.
measure() {
  local before began_us sample
  before=$(cpu_ticks "${pid[$2]}")
  began_us=${EPOCHREALTIME/./}
  load "$2" "$3" "$round_seconds"
  settle "$2"
  echo "$1 $2 $4 $(awk -v ticks=$(($(cpu_ticks "${pid[$2]}") - before)) -v idle="${idle_ticks[$2]}" -v idle_seconds="$idle_seconds" \
    -v us=$((${EPOCHREALTIME/./} - began_us)) -v hertz="$hertz" -v requests="${sample[0]}" \
    'BEGIN { printf "%.2f", (ticks - idle / idle_seconds * us / 1e6) / hertz * 1e6 / requests }')" | tee -a "$scratch/samples"
}

# series TITLE SERIES NUMBER_OF_EACH NAME...: measures servers that run, the smallest first, and writes their rows. NUMBER_OF_EACH is an associative array.
series() {
  local title=$1 series=$2 name round smallest=$4
  local -n number_of=$3
  shift 3
  measure_idle "$@"
  for name in "$@"; do
    load "$name" "${number_of[$name]}" 1
    settle "$name"
  done
  for ((round = 1; round <= rounds; round++)); do
    for name in "$@"; do
      measure "$series" "$name" "${number_of[$name]}" "$round"
    done
  done
  for name in "$@"; do
    printf '| %s | %s | %.1f | %.2f | %.1f %% | %.0f | %d |\n' "$title" "${name#*-}" \
      "$(awk -v n="$name" '$2 == n { print $4 }' "$scratch/samples" | median)" \
      "$(awk -v n="$name" -v s="$smallest" '$2 == s { base[$3] = $4 } $2 == n { own[$3] = $4 }
        END { for (r in own) print own[r] / base[r] }' "$scratch/samples" | median)" \
      "$(awk -v ticks="${idle_ticks[$name]}" -v hertz="$hertz" -v seconds="$idle_seconds" 'BEGIN { print ticks / hertz / seconds * 100 }')" \
      "$(resident_kb "${pid[$name]}" | awk '{ print $1 * 1024 / 1e6 }')" "${start_ms[$name]}" >> "$scratch/rows"
  done
  stop_all
}

# --- Series ---------------------------------------------------------------------------------------------------------

grow_experiments() {
  local count names=()
  local -A numbers=()
  for count in $experiments; do
    start "experiments-$count" "$count" 2 0
    names+=("experiments-$count")
    numbers[experiments-$count]=$count
  done
  series "experiments" experiments numbers "${names[@]}"
}

grow_variants() {
  local count names=()
  local -A numbers=()
  for count in $variants; do
    start "variants-$count" 1 "$count" 0
    names+=("variants-$count")
    numbers[variants-$count]=1
  done
  series "variants" variants numbers "${names[@]}"
}

grow_conditions() {
  local count names=()
  local -A numbers=()
  for count in $conditions; do
    start "conditions-$count" 1 2 "$count"
    names+=("conditions-$count")
    numbers[conditions-$count]=1
  done
  series "conditions, none of them met" conditions numbers "${names[@]}"
}

# Two servers whose file sink is paused; one has a backlog. Events with a long referrer make it quickly.
grow_backlog() {
  local name full=backlog-${backlog_gib}GiB referrer
  local -A numbers=(["backlog-0"]=1 ["$full"]=1)
  referrer=https://mail.example.com/$(head -c 2000 /dev/zero | tr '\0' x)
  for name in backlog-0 "$full"; do
    start "$name" 1 2 0
    "$edge_binary" sink pause file --data-dir "$scratch/$name" > "$scratch/pause.out" 2>&1
    paused[$name]=yes
  done
  while [ "$(backlog_bytes "$full")" -lt $((backlog_gib << 30)) ]; do
    load "$full" 1 2 "$referrer"
  done
  series "backlog of a paused sink" backlog numbers backlog-0 "$full"
}

backlog_bytes() { curl -sf "${url[$1]}/metrics" | awk '/^edge_sink_pending_bytes[{]sink="file"/ { printf "%.0f", $2 }'; }

grow_connections() {
  local count name names=()
  local -A numbers=()
  for count in $connections; do
    if [ "$count" -gt $(($(ulimit -Hn) - own_descriptors)) ]; then
      echo "growth.sh: without $count connections: ulimit -Hn is $(ulimit -Hn)" >&2
      continue
    fi
    name=connections-$count
    start "$name" 1 2 0
    taskset -c "$client_core" node "$here/idle.js" "${url[$name]##*:}" "$count" /s/growth-0/pixel.gif > "$scratch/$name.idle" &
    helper[$name]=$!
    until grep -q ready "$scratch/$name.idle"; do
      kill -0 "${helper[$name]}" 2> /dev/null || fail "$count connections cannot be opened"
      sleep 0.05
    done
    names+=("$name")
    numbers[$name]=1
  done
  series "open idle connections" connections numbers "${names[@]}"
}

# --- The run --------------------------------------------------------------------------------------------------------

clean_up() {
  stop_all
  rm -rf "$scratch"
}

[ -x "$edge_binary" ] || fail "no executable at $edge_binary: run 'make publish', or set EDGE_BINARY"
cores=$(nproc)
[ "$cores" -ge 2 ] || fail "needs two cores, one for the servers and one for the client"
[[ $rounds =~ ^[1-9][0-9]*$ && $round_seconds =~ ^[1-9][0-9]*$ && $backlog_gib =~ ^[1-9][0-9]*$ ]] ||
  fail "ROUNDS, SECONDS and BACKLOG_GIB are whole numbers"
[ "$backlog_gib" -le "$backlog_gib_max" ] || fail "BACKLOG_GIB is at most $backlog_gib_max"
for tool in wrk curl taskset awk node; do
  command -v "$tool" > /dev/null || fail "needs $tool"
done
ulimit -Sn "$(ulimit -Hn)"
load_average=$(cut -d ' ' -f 1 /proc/loadavg)
scratch=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM
taskset -cp "$client_core" $$ > /dev/null

for what in $only; do
  case $what in
    experiments | variants | conditions | backlog | connections) "grow_$what" ;;
    *) fail "ONLY names experiments, variants, conditions, backlog, connections; not '$what'" ;;
  esac
done

{
  echo
  echo "## Growth, $(date -u '+%Y-%m-%d %H:%M') UTC, commit $("$edge_binary" version | sed -n 's/.*commit \([0-9a-f]\{7,12\}\).*/\1/p')"
  echo
  echo "- Command: \`ONLY=\"$only\" ROUNDS=$rounds SECONDS=$round_seconds BACKLOG_GIB=$backlog_gib loadtests/growth.sh\`"
  echo "- Machine: $cores cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r | cut -d - -f 1)," \
    "files on $(stat -f -c %T "$scratch"); load average before the run $load_average."
  echo
  echo "| what grows | to | CPU us/pixel | of the smallest | idle CPU | RSS MB | start ms |"
  echo "|---|---|---|---|---|---|---|"
  cat "$scratch/rows"
} | tee -a "$results"
