# Sourced after tools.sh by the scripts that run a command beside a server of their own: starts the
# one, runs the other, and ends both whatever happens.

log=$(mktemp)
server=
running=
# end PID ends one of this script's own processes, where there is one.
end() {
  [ -n "$1" ] || return 0
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
finish() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP # what is begun here is brought to its end
  end "$running"
  end "$server"
  rm -f "$log"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# answers HOST PORT reports whether anything answers there at all.
answers() { curl --silent --output /dev/null --noproxy '*' --max-time 2 "http://$1:$2/"; }

# free_port HOST prints a port that nobody answers at.
free_port() {
  local port=$((20000 + RANDOM % 12000))
  while answers "$1" "$port"; do port=$((port + 1)); done
  echo "$port"
}

# serve NAME HOST runs the function launch HOST PORT, which must exec a server, and returns when that
# answers; its port is then in $port. A free port may be taken before the server has it; then another
# is tried.
serve() {
  local name=$1 host=$2
  for _ in 1 2 3; do
    port=$(free_port "$host")
    launch "$host" "$port" >"$log" 2>&1 &
    server=$!
    for _ in $(seq 300); do
      kill -0 "$server" 2>/dev/null || break
      answers "$host" "$port" && return
      sleep 0.1
    done
    end "$server"
    server=
  done
  tail -n 20 "$log" >&2
  fail "$name did not start"
}

# beside CMD… runs a command while the server runs, and ends the script with its exit code.
beside() {
  local code=0
  "$@" <&0 & # waited for, so that a signal is heard while it runs
  running=$!
  wait "$running" || code=$?
  running=
  exit "$code"
}
