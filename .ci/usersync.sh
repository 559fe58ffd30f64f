# Sourced after tools.sh by the scripts that try a running `usersync serve`: they have a folder of their own in
# $folder, with the command line in it as $folder/usersync. Both go with the script, and so do its servers.

folder=$(mktemp -d)
servers=()
finish() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP # what is begun here is brought to its end
  for server in "${servers[@]}"; do
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

CGO_ENABLED=0 go build -trimpath -o "$folder/usersync" "$root/internal/cmd/usersync"

# serve_usersync SETTINGS DATA [FLAG…] starts `usersync serve` on a free port and returns when it answers; its
# address is then in $address, and what it says in DATA.log.
serve_usersync() {
  local settings=$1 data=$2
  shift 2
  : >"$data.log"
  "$folder/usersync" serve --config "$settings" --data "$data" --listen 127.0.0.1:0 "$@" 2>"$data.log" &
  servers+=($!)
  for _ in $(seq 100); do
    address=$(sed -n 's/^listening on //p' "$data.log")
    [ -z "$address" ] || return 0
    kill -0 "${servers[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$data.log" >&2
  fail "usersync serve did not start"
}
