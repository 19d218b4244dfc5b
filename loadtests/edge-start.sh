#!/usr/bin/env bash
# How soon an edge serves that starts from its copy while its origin is away: from the start of the process to the first redirect
# of a link, for several numbers of experiments. Fails when a median is above MAX_MS.
#   EXPERIMENTS="4 10000" REPEATS=5 MAX_MS=100 loadtests/edge-start.sh
# BINARIES names several builds to be measured in turn, each with a copy that it has written itself.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=${BINARIES:-${EDGE_BINARY:-artifacts/edge/edge}}
counts=${EXPERIMENTS:-4 10000}
repeats=${REPEATS:-5}
max_ms=${MAX_MS:-100}
port=${PORT:-18941}
slow=0
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT
export EDGE__FLEET__ID=starts EDGE__FLEET__SECRET=4f1d9c2ab7e35f8806cd41e7930b5a6e EDGE__JOURNAL__RETAINBYTES=0

begin() { # begin ROLE DATA PORT: starts a node of the build $edge
  local followed=
  [ "$1" = origin ] || followed=http://127.0.0.1:$((port + 1))
  EDGE__ROLE=$1 EDGE__NODE=$1 EDGE__FLEET__ORIGINURL=$followed "$edge" serve --data-dir "$2" --urls "http://127.0.0.1:$3" >"$work/$1.log" 2>&1 &
  pid=$!
  pids+=("$pid")
}

end() { # end: kills the node that was started last
  kill -9 "$pid"
  wait "$pid" 2>/dev/null || true
}

until_ready() { # until_ready ROLE PORT: waits for the node that was started last
  until curl -sf -o /dev/null "http://127.0.0.1:$2/readyz"; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/$1.log" >&2; exit 1; }
    sleep 0.05
  done
}

redirect() { # redirect PORT SLUG: the status of a click, by nothing but the shell, which is quicker than curl
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET /s/%s/click?u=somebody HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n' "$2" >&3
  read -r _ status _ <&3 || status=
  exec 3>&- 3<&-
  echo "${status:-}"
}

define() { # define COUNT DIRECTORY: A/B tests, a quarter of them smart links of five rules
  mkdir -p "$2"
  local rules=
  for country in DE FR IT ES AT; do
    rules+=$(printf '{"id":"%s","weight":0,"destinationUrl":"https://shop.example/%s","conditions":{"type":"rule","property":"geo.country","ruleOperator":"equals","value":"%s"}},' \
      "$country" "$country" "$country")
  done
  for ((i = 0; i < $1; i++)); do
    if ((i % 4 == 3)); then
      printf '{"uid":"exp_%d","slug":"link-%d","type":"smart_link","name":"Link %d","status":"running","variants":[%s{"id":"rest","weight":10000,"isDefault":true,"destinationUrl":"https://shop.example/rest"}],"goalConfig":{"type":"click_through"}}\n' \
        "$i" "$i" "$i" "$rules" >"$2/exp_$i.json"
    else
      printf '{"uid":"exp_%d","slug":"link-%d","type":"ab_test","name":"Link %d","status":"running","variants":[{"id":"a","weight":5000,"isDefault":true,"destinationUrl":"https://shop.example/a"},{"id":"b","weight":5000,"destinationUrl":"https://shop.example/b"}],"goalConfig":{"type":"click_through"}}\n' \
        "$i" "$i" "$i" >"$2/exp_$i.json"
    fi
  done
}

echo "| experiments | build | first redirect after ms (each of $repeats) | median | processor time ms | memory kB | copy kB |"
echo "|---|---|---|---|---|---|---|"
for count in $counts; do
  define "$count" "$work/origin-$count/experiments"
  number=0
  for edge in $binaries; do
    number=$((number + 1))
    begin origin "$work/origin-$count" $((port + 1))
    until_ready origin $((port + 1))
    origin=$pid
    begin edge "$work/edge-$count-$number" "$port"
    until_ready edge "$port"
    # The copy is written a moment after the edition is in force.
    until [ -s "$work/edge-$count-$number/fleet/catalog" ]; do sleep 0.05; done
    end
    pid=$origin
    end
  done
  declare -A times=() cpu=() memory=()
  for _ in $(seq "$repeats"); do
    number=0
    for edge in $binaries; do
      number=$((number + 1))
      from=$(date +%s%N)
      begin edge "$work/edge-$count-$number" "$port"
      # Any other answer than a redirect would be a wrong one: the link exists.
      until status=$(redirect "$port" "link-$((count - 1))" 2>/dev/null) && [ -n "$status" ]; do
        kill -0 "$pid" 2>/dev/null || { cat "$work/edge.log"; exit 1; }
        sleep 0.001
      done
      times[$number]+="$((($(date +%s%N) - from) / 1000000)) "
      [ "$status" = 302 ] || { echo "the first answer is $status"; exit 1; }
      # The 14th and 15th field, in hundredths of a second; the name before them has no blanks here.
      cpu[$number]+="$(awk '{ print ($14 + $15) * 10 }' "/proc/$pid/stat") "
      memory[$number]=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
      end
    done
  done
  number=0
  for edge in $binaries; do
    number=$((number + 1))
    median=$(printf '%s\n' ${times[$number]} | sort -n | sed -n "$(((repeats + 1) / 2))p")
    copy=$(($(stat -c %s "$work/edge-$count-$number/fleet/catalog") / 1000))
    echo "| $count | $edge | ${times[$number]}| $median | ${cpu[$number]}| ${memory[$number]} | $copy |"
    [ "$median" -le "$max_ms" ] || slow=1
  done
done
exit "$slow"
