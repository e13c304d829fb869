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

readonly window=20 min_cuts=200 cut_bytes=1000-9000 topic=seattle/hourly
readonly restart_at_cuts=(60 130)   # A restart when the proxy has cut so often.
readonly publish_timeout=110        # Seconds for one run, the publisher's part.
readonly listen_idle=15             # Seconds of silence after which the listener has heard everything; longer than any outage here.

# shellcheck source=eng/proof-lib.sh
source eng/proof-lib.sh
mosquitto_path=$(path_of mosquitto)

cut_count() { grep -c '^cut ' "$work/proxy.out" || true; }
has_cut() { (($(cut_count) >= $1)); }

prove() {
  local qos=$1 began=$SECONDS restarts=0 at ended_with broker_port
  new_mosquitto

  start_listener

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

  local cuts
  cuts=$(field cuts "$work/proxy.out")
  echo "qos=$qos cuts=$cuts restarts=$restarts seconds=$((SECONDS - began))"
  echo "  publish: $(tail -n 1 "$work/publish.out")"
  echo "  listen:  $(tail -n 1 "$work/listen.out")"

  ((cuts >= min_cuts)) || fail "only $cuts cuts, fewer than $min_cuts"
  [[ $(field confirmed "$work/publish.out") == "$rows" ]] || fail "not all were confirmed"
  check_deliveries "$qos" $(((cuts + restarts) * window))
}

read_arguments "$@"
build_sample
prove 2
prove 1
echo "proved: nothing lost at QoS 2 and 1, nothing duplicated at QoS 2 (seed=$seed)"
