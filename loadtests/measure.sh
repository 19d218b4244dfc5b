# What the load tests share, to be sourced: free ports, the processor time of a server and its children, medians.

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

median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# A sample of the metrics of the server at $url.
gauge() { curl -sf "$url/metrics" | awk -v name="$1" 'index($1, name) == 1 { print $2 }'; }
