#!/usr/bin/env bash
# Proves that what was accepted survives kill -9 of the publisher, and of Redis.
#
#   publish --ledger redis://…, killed again and again ──▶ mosquitto, restarted ──▶ listen
#              └──▶ redis-server, killed
#
# The 8,759 hourly readings of the sample go to mosquitto. The publisher is killed with -9 after a random number of newly confirmed rows, and the
# same command is started again until it has nothing left to do. Meanwhile mosquitto (which keeps its sessions on disk) is restarted three times with
# SIGTERM, and Redis (appendonly yes, appendfsync always) is killed three times with -9. Three legs: QoS 2, QoS 1, and QoS 2 with every other start in a
# new pid namespace, where a dead owner cannot be looked up, so that its lease has to run out.
#
# Holds when   in each leg at least 20 kills left messages accepted and unconfirmed, by the publisher's own history, and
#              QoS 2: received=8759 distinct=8759 duplicates=0
#              QoS 1: distinct=8759, and no more duplicates than faults x (publisher's window + listener's window)
# Usage        eng/prove-with-redis.sh [--seed N]     (the seed of a run is printed; it repeats the draws, not the timing)
# Needs        bash, mosquitto, redis-server and the .NET SDK; for the third leg root and unshare. Takes four to five minutes.
#              Exit code: 0 when all holds, 1 when something does not, 2 for bad usage or when something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly listener_window=20 topic=seattle/hourly lease=5
readonly life_timeout=60            # Seconds that one life of the publisher may take to its next kill.
readonly listen_idle=20             # Seconds of silence after which the listener has heard everything; longer than any outage here.
readonly most_lives=200 least_kills=20

# shellcheck source=eng/proof-lib.sh
source eng/proof-lib.sh
mosquitto_path=$(path_of mosquitto)
redis_path=$(path_of redis-server)

# draw FROM TO: a number, by the seed.
draw() {
  state=$(((state * 1103515245 + 12345) % 2147483648))
  drawn=$(($1 + (state >> 8) % ($2 - $1 + 1)))
}

# kill_hard NAME PROCESS: with SIGKILL, and without the shell's own words about it.
kill_hard() {
  kill -KILL "$2" 2>/dev/null || true
  wait "${pids[$1]}" 2>/dev/null || true
  unset "pids[$1]"
}

kill_redis() { kill_hard redis "${pids[redis]}"; }

# start_publisher NAMESPACE: the same command each time. $publisher is the process that is to be killed.
start_publisher() {
  local command=("$sample" publish --broker "mqtt://127.0.0.1:$broker_port" --ledger "redis://127.0.0.1:$redis_port" --publisher-id prove-publisher
    --topic "$topic" --qos "$qos" --csv "$data" --window "$window" --lease "$lease" --min-backoff 0.05 --max-backoff 0.5 --flush-timeout "$life_timeout"
    --history "$work/history.$life")
  : >"$work/history.$life"
  if [[ $1 == new ]]; then
    start publish unshare --fork --pid --mount-proc --kill-child "${command[@]}"
    publisher=
    wait_until 10 "the publisher in its namespace" has_child "${pids[publish]}"
  else
    start publish "${command[@]}"
    publisher=${pids[publish]}
  fi
}

has_child() { publisher=$(ps -o pid= --ppid "$1" | tr -d ' ') && [[ -n $publisher ]] || has_ended publish; }

# confirms COUNT: waits until this life has confirmed so many rows that no life before it had. False when the publisher ended first.
confirms() {
  local deadline=$((SECONDS + life_timeout))
  until has_confirmed "$1"; do
    if has_ended publish; then return 1; fi
    if ((SECONDS >= deadline)); then fail "waited too long for $1 confirmed rows in life $life"; fi
    sleep 0.01
  done
}

has_confirmed() {
  awk -v most="$1" -v old="$work/confirmed" \
    'BEGIN { while ((getline id < old) > 0) seen[id] = 1 } $1 == "C" && !($3 in seen) { seen[$3] = 1; n++ } END { exit n < most }' "$work/history.$life"
}

# What is accepted and not confirmed, by all lives.
count_uncertain() {
  cat "$work"/history.* | awk '$1 == "A" { a[$3] = 1 } $1 == "C" { c[$3] = 1 } END { n = 0; for (id in a) if (!(id in c)) n++; print n }'
}

remember_confirmed() { cat "$work"/history.* | awk '$1 == "C" && !($3 in c) { c[$3] = 1; print $3 }' >"$work/confirmed"; }

# draw_gap PLANNED: how many rows this life is to confirm before it is killed. About its share of what is left for the kills that are planned, less what the last
# one had beyond its own, since on a fast machine a kill comes late: so there are about as many kills on any machine.
draw_gap() {
  local left=$((rows - known)) lives=$(($1 > kills ? $1 - kills : 1))
  draw $((left / lives / 2)) $((left * 3 / lives / 2))
  gap=$((drawn - beyond > 5 ? drawn - beyond : 5))
}

# prove QOS PLANNED_KILLS NAMESPACES WINDOW
prove() {
  local qos=$1 planned=$2 namespaces=$3 window=$4 began=$SECONDS ended_with broker_port redis_port publisher
  local life=0 kills=0 useful=0 broker_restarts=0 redis_kills=0 known=0 beyond=0 gap where left
  rm -f "$work"/history.* "$work/confirmed"
  : >"$work/confirmed"
  new_mosquitto
  new_redis
  start_listener

  while true; do
    life=$((life + 1))
    ((life <= most_lives)) || fail "the publisher lived $most_lives times and has not finished"
    where=same
    if [[ $namespaces == yes ]] && ((life % 2 == 0)); then where=new; fi
    start_publisher "$where"
    draw_gap "$planned"

    # Half-way, something happens to a server, until each has had its three.
    if confirms $((gap / 2)); then
      remember_confirmed
      if ((life % 2 == 1 && broker_restarts < 3)); then
        stop_mosquitto
        start_mosquitto
        broker_restarts=$((broker_restarts + 1))
      elif ((life % 2 == 0 && redis_kills < 3)); then
        kill_redis
        start_redis
        redis_kills=$((redis_kills + 1))
      fi
      if confirms $((gap - gap / 2)); then
        kill_hard publish "$publisher"
        kills=$((kills + 1))
        left=$(count_uncertain)
        if ((left > 0)); then useful=$((useful + 1)); fi
        beyond=$((-known - gap))
        remember_confirmed
        known=$(wc -l <"$work/confirmed")
        beyond=$((beyond + known))
        continue
      fi
    fi

    # It has ended by itself.
    end publish "$life_timeout"
    if ((ended_with == 0)); then break; fi
    fail "publish ended with $ended_with in life $life"
  done

  end listen $((listen_idle + 60))
  if ((ended_with != 0)); then fail "listen ended with $ended_with"; fi
  stop_mosquitto
  kill_redis

  echo "qos=$qos namespaces=$namespaces kills=$kills with_unconfirmed=$useful broker_restarts=$broker_restarts redis_kills=$redis_kills seconds=$((SECONDS - began))"
  echo "  publish: $(tail -n 1 "$work/publish.out")"
  echo "  listen:  $(tail -n 1 "$work/listen.out")"
  met=$((met + useful))
  ((broker_restarts == 3 && redis_kills == 3)) || fail "the servers were not restarted three times each"
  [[ $(field confirmed "$work/publish.out") == "$rows" ]] || fail "not all were confirmed"
  [[ $(count_uncertain) == 0 ]] || fail "some were accepted and never confirmed"
  check_deliveries "$qos" $(((kills + broker_restarts + redis_kills) * (window + listener_window)))
}

# prove_enough ARGUMENT...: a leg, and the same again while the kills of all its rounds are too few: how many meet something unconfirmed depends on the machine.
prove_enough() {
  met=0
  local round
  for round in 1 2 3; do
    prove "$@"
    if ((met >= least_kills)); then return; fi
    echo "  only $met kills left something unconfirmed so far, fewer than $least_kills (round $round)"
  done
  fail "only $met kills left something unconfirmed, fewer than $least_kills"
}

read_arguments "$@"
state=$seed
build_sample
# With small windows a fast machine does not finish between a kill and the next look at what is confirmed.
prove_enough 2 40 no 8
prove_enough 1 40 no 4
if [[ $(id -u) == 0 ]] && unshare --fork --pid --mount-proc true 2>/dev/null; then
  # Each start waits for the lease of a dead owner, and accepts all rows meanwhile: with a window of one they do not leave in one burst, which no kill would meet.
  prove_enough 2 60 yes 1
else
  echo "The leg with pid namespaces is skipped: it needs root and unshare."
fi
echo "proved: nothing lost at QoS 2 and 1, nothing duplicated at QoS 2, over kill -9 of publisher and Redis (seed=$seed)"
