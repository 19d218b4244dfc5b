# What the load tests share, to be sourced: free ports, the processor time of a server and its children, medians, latencies, what a sink has yet to take, a
# ClickHouse of their own.

hertz=$(getconf CLK_TCK)
quiet_deadline_tenths=300

# A port below the range of outgoing connections that nothing listens on.
free_port() {
  local candidate
  while candidate=$((20000 + RANDOM % 12000)); do
    if ! (: < "/dev/tcp/127.0.0.1/$candidate") 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
}

# A process and its descendants.
tree() {
  local parent=$1 child
  echo "$parent"
  while read -r child; do
    tree "$child"
  done < <(cat "/proc/$parent/task/"*/children 2> /dev/null | xargs -r -n 1)
}

# CPU time of a process tree in clock ticks, user and system, finished children included.
cpu_ticks() {
  local process total=0 fields
  for process in $(tree "$1"); do
    # The name, in brackets, may hold spaces.
    read -ra fields < <(sed 's/^.*) //' "/proc/$process/stat")
    total=$((total + fields[11] + fields[12] + fields[13] + fields[14]))
  done
  echo "$total"
}

resident_kb() {
  local process
  for process in $(tree "$1"); do
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$process/status"
  done | awk '{ total += $1 } END { print total }'
}

# Waits until a server does nothing any more, so that work it put off is charged to the requests that caused it.
wait_until_quiet() {
  local server_pid=$1 before now count
  before=$(cpu_ticks "$server_pid")
  for ((count = 0; count < quiet_deadline_tenths; count += 5)); do
    sleep 0.5
    now=$(cpu_ticks "$server_pid")
    [ $((now - before)) -gt 2 ] || return 0
    before=$now
  done
}

# Waits until every sink of an Edge has taken every event: until_taken URL SECONDS. Fails when that takes longer.
until_taken() {
  local count
  for ((count = 0; count < $2 * 10; count++)); do
    curl -sf "$1/ledger" | grep -Eq '"(pending|in_flight)": *[1-9]' || return 0
    sleep 0.1
  done
  return 1
}

# A latency as wrk writes it, in milliseconds.
to_ms() { awk '/us$/ { printf "%.2f", $1 / 1000 } /[0-9]ms$/ { printf "%.2f", $1 } /[0-9]s$/ && !/ms$/ && !/us$/ { printf "%.2f", $1 * 1000 }'; }

median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# A sample of the metrics of the server at $url.
gauge() { curl -sf "$url/metrics" | awk -v name="$1" 'index($1, name) == 1 { print $2 }'; }

# Ends a process this script started; nothing without one.
kill_server() { [ -z "$1" ] || { kill -9 "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }; }

# Events the sink named house has yet to take.
pending() { gauge 'edge_sink_pending{sink="house"}'; }

# Waits until it has taken all, at most so many seconds.
wait_until_drained() {
  local waited
  for ((waited = 0; waited < $1 * 10; waited++)); do
    [ "$(pending)" -gt 0 ] || return 0
    sleep 0.1
  done
}

# Configures a ClickHouse: house_config DIRECTORY FILES PORT.
house_config() {
  cat >"$1/config.xml" <<XML
<yandex><logger><level>warning</level><log>$1/log</log><errorlog>$1/errors</errorlog></logger>
<http_port>$3</http_port><tcp_port>$(free_port)</tcp_port><listen_host>127.0.0.1</listen_host><path>$2/house/</path>
<tmp_path>$2/tmp/</tmp_path><users_config>users.xml</users_config><default_profile>default</default_profile>
<default_database>default</default_database><mark_cache_size>67108864</mark_cache_size></yandex>
XML
  cat >"$1/users.xml" <<XML
<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>
XML
}

# Starts it and waits until it answers: house_start DIRECTORY URL [COMMAND...], a command being what it runs under. Its process is $house_pid then.
house_start() {
  "${@:3}" clickhouse-server --config-file="$1/config.xml" >"$1/house.out" 2>&1 &
  house_pid=$!
  until curl -sf -o /dev/null "$2/ping"; do kill -0 "$house_pid"; sleep 0.05; done
}
