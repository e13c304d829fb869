#!/usr/bin/env bash
# Runs verbs of tests/ReliableMqtt.Torture: crashes, faults and limits on real servers, see docs/testing.md.
#
# Usage   eng/torture.sh                       every verb with --quick; takes three to four minutes
#         eng/torture.sh VERB [OPTION...]      one verb as it is asked for: eng/torture.sh fleet --seed 7
#         eng/torture.sh --profile ci|release  everything at random at once, with controls; at most 8 and 75 minutes
# Needs   redis-server, mosquitto and the .NET SDK; for all of `fleet` root and unshare.
#         Exit code: 0 when every check of every verb holds, 1 when one does not, 2 for bad usage, or when all that was asked for lacks something.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

readonly verbs=(simulate poison full backlog fleet failover receiver sqlite commit-cost)
readonly program=tests/ReliableMqtt.Torture/bin/Release/net10.0/ReliableMqtt.Torture.dll

# run VERB OPTION...: sets $code.
run() {
  local options=("$@")
  if [[ $1 == fleet && $(id -u) != 0 ]]; then
    echo "Without root there are no pid namespaces: the kills across them are left out."
    options+=(--one-namespace)
  fi
  code=0
  dotnet "$program" "${options[@]}" || code=$?
}

dotnet build tests/ReliableMqtt.Torture -c Release -v quiet -nologo
if (($# > 0)); then
  run "$@"
  exit "$code"
fi

held=0 failed=0 skipped=0
for verb in "${verbs[@]}"; do
  run "$verb" --quick
  case $code in
    0) held=$((held + 1)) ;;
    2) skipped=$((skipped + 1)) ;; # it has said what it needs and does not find
    *) failed=$((failed + 1)) ;;
  esac
done
echo "$held held, $failed failed, $skipped skipped"
((failed == 0)) || exit 1
((held > 0)) || exit 2
