# What the proofs share: processes that are ended by their own id, waits with a deadline, and servers that keep on disk what they have: mosquitto and Redis.
# Sourced by eng/prove-with-*.sh, in the root of the repository.
# shellcheck shell=bash

readonly rows=8759                  # Of the sample's file of hourly readings.
readonly data=$PWD/samples/ReliableMqtt.Sample/data/seattle-weather-hourly-normals.csv
readonly sample=$PWD/samples/ReliableMqtt.Sample/bin/Release/net10.0/ReliableMqtt.Sample

# read_arguments ARGUMENT...: sets and tells the seed.
read_arguments() {
  seed=$RANDOM
  if [[ $# -gt 0 ]]; then
    if [[ $# -ne 2 || $1 != --seed || ! $2 =~ ^[0-9]{1,9}$ ]]; then echo "usage: $0 [--seed N]" >&2; exit 2; fi
    seed=$2
  fi
  echo "seed=$seed"
}

# path_of NAME: of a server; ends the proof when it is not installed.
path_of() { PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$1" || { echo "$1 is not installed" >&2; exit 2; }; }

build_sample() { dotnet build samples/ReliableMqtt.Sample -c Release -v quiet -nologo; }

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
  wait "${pids[$1]}" 2>/dev/null || ended_with=$?
  unset "pids[$1]"
}

# new_port: one that nobody listens at, below the range that outgoing connections draw from, so that it is still free at a restart.
new_port() {
  new_port=$((20000 + RANDOM % 10000))
  while accepts_connections "$new_port"; do new_port=$((20000 + RANDOM % 10000)); done
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
  new_port
  broker_port=$new_port
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

# A Redis that keeps all that it has answered.
start_redis() {
  start redis "$redis_path" --port "$redis_port" --bind 127.0.0.1 --dir "$work/redis" --appendonly yes --appendfsync always --save ''
  wait_until 10 "redis to accept connections" accepts_connections "$redis_port"
  if has_ended redis; then fail "redis has ended"; fi
}

new_redis() {
  new_port
  redis_port=$new_port
  rm -rf "$work/redis"
  mkdir "$work/redis"
  start_redis
}

# start_listener: of all that is published, directly at the broker; ends after a silence of $listen_idle seconds.
start_listener() {
  start listen "$sample" listen --broker "mqtt://127.0.0.1:$broker_port" --topic "$topic" --qos 2 --client-id prove-listener --persistent --idle "$listen_idle"
  wait_until 20 "the listener to subscribe" grep -qx listening "$work/listen.out"
}

# field NAME FILE: the number behind NAME= in the last line of the file.
field() { tail -n 1 "$2" | grep -oP "(?<![a-z])$1=\K[0-9]+" || echo "no $1"; }

# check_deliveries QOS MOST: what the listener has counted, with at most so many duplicates at QoS 1.
check_deliveries() {
  local duplicates
  duplicates=$(field duplicates "$work/listen.out")
  [[ $(field distinct "$work/listen.out") == "$rows" ]] || fail "messages were lost"
  if (($1 == 2)); then
    [[ $(field received "$work/listen.out") == "$rows" && $duplicates == 0 ]] || fail "duplicates at QoS 2"
  else
    ((duplicates <= $2)) || fail "more duplicates at QoS 1 than were in flight at the faults: $duplicates, at most $2"
  fi
}
