#!/usr/bin/env bash
# Proves the promise on real input against a real broker.
#
#   publish ──▶ proxy, which cuts ──▶ mosquitto, which is restarted twice ──▶ listen
#
# The 8,759 hourly readings of the sample go to mosquitto, once at QoS 2 and once at QoS 1, with the in-memory ledger, through a proxy that ends
# each connection after a random number of bytes, mid-packet as a rule: at least 200 cuts a run. Mosquitto is stopped with SIGTERM and started
# again twice meanwhile; it keeps its sessions on disk. The listener is connected to it directly and counts every delivery by message id.
#
# Holds when   QoS 2: received=8759 distinct=8759 duplicates=0
#              QoS 1: distinct=8759, and no more duplicates than (cuts + restarts) x window
# Usage        eng/prove-with-mosquitto.sh [--seed N]     (the seed of a run is printed; it repeats the draws, not the timing)
# Needs        bash, mosquitto and the .NET SDK. Takes two to three minutes. Exit code: 0 when all holds, 1 when something does not, 2 for bad usage.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly rows=8759 window=20 min_cuts=200 cut_bytes=1000-9000
readonly restart_at_cuts=(60 130)   # A restart when the proxy has cut so often.
readonly publish_timeout=110        # Seconds for one run, the publisher's part.
readonly listen_idle=15             # Seconds of silence after which the listener has heard everything; longer than any outage here.

seed=$RANDOM
if [[ $# -gt 0 ]]; then
  if [[ $# -ne 2 || $1 != --seed || ! $2 =~ ^[0-9]{1,9}$ ]]; then echo "usage: $0 [--seed N]" >&2; exit 2; fi
  seed=$2
fi
mosquitto_path=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto) || { echo "mosquitto is not installed" >&2; exit 2; }

work=$(mktemp -d)
declare -A pids=()                  # What runs, by name.

stop_everything() {
  local name
  for name in "${!pids[@]}"; do
    kill -KILL "${pids[$name]}" || true
    wait "${pids[$name]}" || true
  done 2>/dev/null
  rm -rf "$work"
}
trap stop_everything EXIT

fail() {
  echo "FAILED: $*" >&2
  local file
  for file in "$work"/*.out "$work"/*.err; do
    [[ -s $file ]] && { echo "--- ${file##*/}"; tail -n 5 "$file"; } >&2
  done
  exit 1
}

# wait_until SECONDS WHAT COMMAND...: polls; fails the proof when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    if ((SECONDS >= deadline)); then fail "waited too long for $what"; fi
    sleep 0.05
  done
}

has_ended() { ! kill -0 "${pids[$1]}" 2>/dev/null; }
accepts_connections() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
cut_count() { grep -c '^cut ' "$work/proxy.out" || true; }
has_cut() { (($(cut_count) >= $1)); }

# start NAME COMMAND...: in the background, its output in files of that name.
start() {
  local name=$1
  shift
  : >"$work/$name.out"
  "$@" >"$work/$name.out" 2>"$work/$name.err" &
  pids[$name]=$!
}

# end NAME SECONDS: waits for the process; its exit code is in $ended_with.
end() {
  wait_until "$2" "$1 to end" has_ended "$1"
  ended_with=0
  wait "${pids[$1]}" || ended_with=$?
  unset "pids[$1]"
}

start_mosquitto() {
  start mosquitto "$mosquitto_path" -c "$work/mosquitto.conf"
  wait_until 10 "mosquitto to accept connections" accepts_connections "$broker_port"
  if has_ended mosquitto; then fail "mosquitto has ended"; fi
}

stop_mosquitto() {
  kill -TERM "${pids[mosquitto]}"
  end mosquitto 15
}

new_mosquitto() {
  # Below the range that outgoing connections draw from, so that the port is still free at a restart.
  broker_port=$((20000 + RANDOM % 10000))
  while accepts_connections "$broker_port"; do broker_port=$((20000 + RANDOM % 10000)); done
  rm -rf "$work/store"
  mkdir "$work/store"
  cat >"$work/mosquitto.conf" <<CONF
user $(id -un)
listener $broker_port 127.0.0.1
allow_anonymous true
persistence true
persistence_location $work/store/
max_queued_messages 0
CONF
  start_mosquitto
}

# field NAME FILE: the number behind NAME= in the last line of the file.
field() { tail -n 1 "$2" | grep -oP "(?<![a-z])$1=\K[0-9]+" || echo "no $1"; }

prove() {
  local qos=$1 topic=seattle/hourly began=$SECONDS restarts=0 at ended_with broker_port
  new_mosquitto

  start listen "$sample" listen --broker "mqtt://127.0.0.1:$broker_port" --topic "$topic" --qos 2 --client-id prove-listener --persistent --idle "$listen_idle"
  wait_until 20 "the listener to subscribe" grep -qx listening "$work/listen.out"

  start proxy "$sample" proxy --listen 0 --to "127.0.0.1:$broker_port" --cut-bytes "$cut_bytes" --seed "$seed"
  wait_until 20 "the proxy to listen" grep -q '^port=' "$work/proxy.out"
  local proxy_port
  proxy_port=$(sed -n 's/^port=//p' "$work/proxy.out")

  start publish "$sample" publish --broker "mqtt://127.0.0.1:$proxy_port" --ledger memory --publisher-id prove-publisher --topic "$topic" --qos "$qos" \
    --csv "$data" --window "$window" --min-backoff 0.05 --max-backoff 0.5 --flush-timeout "$publish_timeout"

  for at in "${restart_at_cuts[@]}"; do
    wait_until "$publish_timeout" "cut $at" has_cut "$at"
    if has_ended publish; then fail "the publisher ended before the restart at cut $at"; fi
    stop_mosquitto
    start_mosquitto
    restarts=$((restarts + 1))
  done

  end publish $((publish_timeout + 20))
  if ((ended_with != 0)); then fail "publish ended with $ended_with"; fi
  end listen $((listen_idle + 60))
  if ((ended_with != 0)); then fail "listen ended with $ended_with"; fi
  kill -TERM "${pids[proxy]}"
  end proxy 20
  stop_mosquitto

  local cuts duplicates
  cuts=$(field cuts "$work/proxy.out")
  duplicates=$(field duplicates "$work/listen.out")
  echo "qos=$qos cuts=$cuts restarts=$restarts seconds=$((SECONDS - began))"
  echo "  publish: $(tail -n 1 "$work/publish.out")"
  echo "  listen:  $(tail -n 1 "$work/listen.out")"

  ((cuts >= min_cuts)) || fail "only $cuts cuts, fewer than $min_cuts"
  [[ $(field confirmed "$work/publish.out") == "$rows" ]] || fail "not all were confirmed"
  [[ $(field distinct "$work/listen.out") == "$rows" ]] || fail "messages were lost"
  if ((qos == 2)); then
    [[ $(field received "$work/listen.out") == "$rows" && $duplicates == 0 ]] || fail "duplicates at QoS 2"
  else
    ((duplicates <= (cuts + restarts) * window)) || fail "more duplicates at QoS 1 than were in flight at the faults"
  fi
}

echo "seed=$seed"
dotnet build samples/ReliableMqtt.Sample -c Release -v quiet -nologo
readonly sample=$PWD/samples/ReliableMqtt.Sample/bin/Release/net10.0/ReliableMqtt.Sample
readonly data=$PWD/samples/ReliableMqtt.Sample/data/seattle-weather-hourly-normals.csv
prove 2
prove 1
echo "proved: nothing lost at QoS 2 and 1, nothing duplicated at QoS 2 (seed=$seed)"
