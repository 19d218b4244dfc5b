#!/usr/bin/env bash
# What counting experiments in ClickHouse costs: EVENTS generated events of the last DAYS days in the table of the sink, half of them of one experiment and the rest
# of 19 others, 2 % of the rows twice; then an Edge with tally.sink counts the one experiment, first all of its days and then the open ones, ROUNDS times.
# What each question took comes from the server's own log. HOUSE_PARENT=/dev/shm keeps the server's files in memory, HOUSE_FILES=DIR keeps a generated table for the next run.
#
#   make publish && loadtests/counts.sh            EVENTS=100000000 DAYS=30 ROUNDS=3 LOW=0 EDGE_BINARY=path/to/edge
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/measure.sh"
edge=${EDGE_BINARY:-$here/../artifacts/edge/edge}
events=${EVENTS:-100000000}
days=${DAYS:-30}
rounds=${ROUNDS:-3}
low=(); [ "${LOW:-0}" = 0 ] || low=(nice -n 19)
for tool in curl clickhouse-server; do command -v "$tool" >/dev/null || { echo "counts.sh: needs $tool" >&2; exit 1; }; done

work=$(mktemp -d)
house_files=${HOUSE_FILES:-$(mktemp -d "${HOUSE_PARENT:-$work}/edge-counts.XXXXXX")}
edge_pid=
house_pid=
trap 'kill_server "$edge_pid"; kill_server "$house_pid"; rm -rf "$work"; [ -n "${HOUSE_FILES:-}" ] || rm -rf "$house_files"' EXIT
trap 'exit 130' INT TERM

house_port=$(free_port)
house=http://127.0.0.1:$house_port
house_config "$work" "$house_files" "$house_port"
sed -i 's#</yandex>#<query_log><database>system</database><table>query_log</table><flush_interval_milliseconds>1000</flush_interval_milliseconds></query_log></yandex>#' "$work/config.xml"
house_start "$work" "$house" "${low[@]}"
ask() { curl -sS --fail-with-body "$house/?${2:-}" --data-binary "$1"; }

data=$work/data
mkdir -p "$data/experiments"
export EDGE__SINKS__HOUSE__TYPE=clickhouse EDGE__SINKS__HOUSE__URL=$house EDGE__SINKS__FILE__ENABLED=false EDGE__TALLY__SINK=house EDGE__TALLY__REFRESHSECONDS=1
"$edge" sink init house --data-dir "$data" >/dev/null

# One day, 86,400,000 ms ago times $1: seven of ten are exposures, two follow one of two minutes before, one repeats one.
generate() {
  local count=$((events / days)) begin=$(((EPOCHSECONDS / 86400 - $1) * 86400000))
  ask "INSERT INTO edge_events (id, received_at, node, api, project, type, event, experiment, experiment_uid, variant, probability, weights_version,
      unit_hash, country, device_type, browser, os, source, medium, ip_hash, verdict)
    SELECT concat(substring(h, 1, 8), '-', substring(h, 9, 4), '-7000-8000-', lower(hex(n + 17592186044416))), toDateTime(intDiv(ms, 1000), 'UTC'),
      concat('edge-', toString(n % 40)), 'pictify', 'default', if(n % 10 IN (7, 8), 'click', 'impression'), if(n % 10 IN (7, 8), 'redirect', 'pixel'),
      'measured', if(u % 2 = 0, 'exp_measured', concat('exp_other', toString(u % 19))), if(u % 3 = 0, 'a', 'b'), 0.5, 1, lower(hex(u)),
      ['DE', 'FR', 'US', 'GB', 'JP', 'IN', 'BR', 'IT'][u % 8 + 1], if(u % 5 < 3, 'mobile', 'desktop'), ['chrome', 'safari', 'firefox'][u % 3 + 1], 'windows',
      ['google', 'newsletter', '', 'news.example'][u % 4 + 1], 'organic', lower(concat(hex(u), hex(intHash64(u)))), multiIf(u % 20 = 0, 'bot', u % 20 = 1, 'proxy', 'human')
    FROM
    (
      SELECT n, ms, lower(hex(ms)) AS h, bitOr(cityHash64(subject, $begin), 1152921504606846976) AS u
      FROM
      (
        SELECT number AS n, toUInt64($begin + intDiv(number * 86400000, $count)) AS ms,
          toInt64(number) - if(number % 10 < 7 OR number < 60000, 0, if(number % 10 = 9, 5006, 5007)) AS subject
        FROM numbers($count)
      )
    )" "max_threads=2"
}

present=$(ask "SELECT count() FROM edge_events")
if [ "$present" = 0 ]; then
  clock=$EPOCHSECONDS
  for ((day = 0; day < days; day++)); do
    generate "$day"
    ask "INSERT INTO edge_events SELECT * FROM edge_events WHERE day = toDate($(((EPOCHSECONDS / 86400 - day) * 86400)), 'UTC') AND cityHash64(id) % 50 = 0"
  done
  echo "Generated in $((EPOCHSECONDS - clock)) s, views included."
fi
ask "SELECT concat('Rows: ', toString(count()), ', of them of the experiment: ', toString(countIf(experiment_uid = 'exp_measured'))) FROM edge_events"
ask "SELECT concat(table, ': ', formatReadableSize(sum(bytes))) FROM system.parts WHERE active AND database = 'default' GROUP BY table ORDER BY table"

cat >"$data/experiments/exp_measured.json" <<'JSON'
{"uid":"exp_measured","slug":"measured","type":"ab_test","name":"Measured","status":"running","variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
 "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/"},"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}
JSON
key=$("$edge" keys create --kind pictify --data-dir "$data")
url=http://127.0.0.1:$(free_port)
sed -i 's#<profiles><default/></profiles>#<profiles><default><log_queries>1</log_queries></default></profiles>#' "$work/users.xml"
sleep 3
clock=${EPOCHREALTIME/./}
"${low[@]}" "$edge" serve --data-dir "$data" --urls "$url" >"$work/edge.out" 2>&1 &
edge_pid=$!
results() { curl -sf "$url/experiments/api/exp_measured/results" -H "Authorization: Bearer $key"; }
until results >"$work/results.json" 2>/dev/null; do kill -0 "$edge_pid"; sleep 0.2; done
echo "First counts, of $days days, after $(((${EPOCHREALTIME/./} - clock) / 1000)) ms."
grep -o '"totals":{[^}]*}' "$work/results.json"
began=$(ask "SELECT now()")
at() { results | grep -o '"countedAt":"[^"]*"'; }
for ((round = 0; round < rounds; round++)); do
  before=$(at)
  while [ "$(at)" = "$before" ]; do sleep 0.5; done
done
sleep 2
echo "| question | when | asked | p50 ms | longest ms | rows read | memory |"
echo "|---|---|---|---|---|---|---|"
ask "SELECT concat('| ', kind, ' | ', if(open, 'a round', 'a closed day'), ' | ', toString(count()), ' | ', toString(round(quantile(0.5)(query_duration_ms))), ' | ',
    toString(max(query_duration_ms)), ' | ', toString(max(read_rows)), ' | ', formatReadableSize(max(memory_usage)), ' |')
  FROM
  (
    SELECT query_duration_ms, read_rows, memory_usage, position(query, 'AND day < ') = 0 AS open,
      multiIf(position(query, 'merge_tag') > 0 AND position(query, 'bot') > 0, 'facts', position(query, 'countIf(kind = 1), countIf') > 0, 'events',
        position(query, 'SELECT version') = 1, 'versions', position(query, 'arrayJoin(if(goal_value') > 0, 'trials', '') AS kind
    FROM system.query_log WHERE type = 2
  )
  WHERE kind != '' GROUP BY kind, open ORDER BY open, kind FORMAT TSVRaw"
echo "Rounds since $began."
