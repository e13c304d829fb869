#!/usr/bin/env bash
# Builds, checks the format and runs every test, on a fresh clone too. Arguments go to `dotnet test`: eng/test.sh --filter-class "*Pool*".
# The last line is "N passed, N failed, N skipped"; the exit code is 0 only when nothing failed.
#
# Real brokers and ledgers are used where they can be had: redis-server and mosquitto are installed from Debian when they are missing and this
# runs as root; a container engine is used when there is one (DOCKER_HOST is honoured). Without them the tests that need them are skipped and say so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
# The summary is read from the output of dotnet test, so it has to be in English.
export DOTNET_CLI_UI_LANGUAGE=en

# What the last line says if the script ends before it knows better: that is a failure.
passed=0 failed=1 skipped=0
log=$(mktemp)
recap=$(mktemp)
policy=

finish() {
  local code=$?
  [[ -z $policy ]] || rm -f "$policy"
  # What is kept of a long run is often its end only, so what failed is said there once more.
  if [[ -s $recap ]]; then
    echo "What failed:"
    cat "$recap"
  fi
  rm -f "$log" "$recap"
  [[ $code == 0 || $failed != 0 ]] || failed=1
  echo "$passed passed, $failed failed, $skipped skipped"
  [[ $failed == 0 ]] || exit 1
}
trap finish EXIT

have() { command -v "$1" >/dev/null || [[ -x /usr/sbin/$1 ]]; }

install_servers() {
  local missing=()
  have redis-server || missing+=(redis-server)
  have mosquitto || missing+=(mosquitto)
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Not installed: ${missing[*]} (that needs root and apt-get). The tests that need them are skipped."
    return 0
  fi
  # The packages start their service at once unless a policy forbids it; the tests start their own, on free ports.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  fi
  echo "Installing ${missing[*]} ..."
  export DEBIAN_FRONTEND=noninteractive
  if ! { timeout 300 apt-get update && timeout 600 apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}"; } \
    </dev/null >"$log" 2>&1; then
    tail -n 5 "$log"
    echo "Could not install ${missing[*]}. The tests that need them are skipped."
  fi
  [[ -z $policy ]] || rm -f "$policy"
  policy=
}

# Adds up the counts of the run's summary. A run that failed without a failed test (a crash, or no test at all) counts as one failure.
read_summary() {
  local code=$1 total=0 errors=0 key value
  failed=0
  while read -r key value; do
    case $key in
      total:) total=$value ;;
      failed:) failed=$value ;;
      succeeded:) passed=$value ;;
      skipped:) skipped=$value ;;
      error:) errors=$value ;;
    esac
  done < <(awk '/^Test run summary:/ { on = 1 } on && $1 ~ /^(total|failed|succeeded|skipped|error):$/ && $2 ~ /^[0-9]+$/ { print $1, $2 }' "$log")
  failed=$((failed + errors))
  if ((total == 0)); then echo "No test ran."; fi
  if ((failed == 0 && (code != 0 || total == 0))); then failed=1; fi
}

# The failed tests of the run with the head of what each said: dotnet test begins such a block with "failed" and indents what belongs to it.
recap_tests() {
  awk '
    /^failed / { on = 1; lines = 0 }
    on && !/^failed / && !/^[[:space:]]/ && !/^$/ { on = 0 }
    on && lines++ < 40 { print substr($0, 1, 400) }
  ' "$log" | head -n 400 >>"$recap"
}

install_servers
dotnet build -c Release ReliableMqtt.sln

format_code=0
dotnet format ReliableMqtt.sln --verify-no-changes --no-restore || format_code=$?

# With a filter a project may have nothing to run, which is no failure of it (exit code 8).
options=(--solution ReliableMqtt.sln -c Release --no-build)
(($# == 0)) || options+=(--ignore-exit-code 8 "$@")
test_code=0
dotnet test "${options[@]}" 2>&1 | tee "$log" || test_code=$?
read_summary "$test_code"
recap_tests

if ((format_code != 0)); then
  echo "The format is not as .editorconfig asks: run dotnet format ReliableMqtt.sln"
  echo "dotnet format" >>"$recap"
  failed=$((failed + 1))
fi

# One that lacks something has said so, and counts as skipped.
count() {
  local code=0
  "$@" 2>&1 | tee "$log" || code=$?
  case $code in
    0) passed=$((passed + 1)) ;;
    2) skipped=$((skipped + 1)) ;;
    *)
      failed=$((failed + 1))
      { echo "$* (exit code $code)" && grep -aE 'FAILED|[Ee]xception|error' "$log" | tail -n 20 && tail -n 15 "$log"; } >>"$recap" || true
      ;;
  esac
}

# With a filter only the tests that it chooses are asked for.
if (($# == 0)); then
  for proof in eng/prove-with-*.sh; do count bash "$proof"; done
  count dotnet samples/ReliableMqtt.Sample/bin/Release/net10.0/ReliableMqtt.Sample.dll demo --kill
  for verb in poison full backlog fleet failover receiver sqlite commit-cost; do count eng/torture.sh "$verb" --quick; done
  count eng/torture.sh --profile ci
fi
