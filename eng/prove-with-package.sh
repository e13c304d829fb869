#!/usr/bin/env bash
# Proves that the package works where nothing of this repository is.
#
#   dotnet pack ──▶ a folder ──▶ a fresh project elsewhere ──▶ publish at QoS 2, ledger in Redis ──▶ mosquitto
#
# The library is packed under a version that no cache can know, installed from the folder into a new console project outside the repository, and that
# program publishes one message with each of the package's two builds. All other packages come from where this machine gets them anyway.
#
# Holds when   the package has both builds, their XML docs and the README, and both programs end with a message that is Confirmed
# Usage        eng/prove-with-package.sh
# Needs        bash, mosquitto, redis-server and the .NET SDK. Takes about half a minute. Exit code: 0 when all holds, 1 when something does not, 2 when
#              something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly step_timeout=300           # Seconds for one call of dotnet.
readonly run_timeout=60             # Seconds for one run of the program.

# shellcheck source=eng/proof-lib.sh
source eng/proof-lib.sh
mosquitto_path=$(path_of mosquitto)
redis_path=$(path_of redis-server)

# run_dotnet ARGUMENT...: within its time, quiet as long as it goes well.
run_dotnet() { timeout "$step_timeout" dotnet "$@" >"$work/dotnet.out" 2>&1 || fail "dotnet $1 failed: $(grep -m 3 'error' "$work/dotnet.out" || true)"; }

pack() {
  # With output folders of its own: what the tests run stays as it was built.
  run_dotnet pack src/ReliableMqtt -c Release -o "$work/packages" --artifacts-path "$work/artifacts" "-p:Version=$version" -nologo
  [[ -f $work/packages/ReliableMqtt.$version.snupkg ]] || fail "there are no symbols"
}

write_project() {
  mkdir "$work/fresh"
  # The folder besides the sources that this machine is configured for.
  cat >"$work/fresh/nuget.config" <<CONFIG
<configuration>
  <packageSources>
    <add key="packed" value="$work/packages" />
  </packageSources>
</configuration>
CONFIG
  cat >"$work/fresh/Fresh.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFrameworks>net8.0;net10.0</TargetFrameworks>
    <RollForward>Major</RollForward>
    <UseAppHost>false</UseAppHost>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="ReliableMqtt" Version="[$version]" />
  </ItemGroup>
</Project>
PROJECT
  cat >"$work/fresh/Program.cs" <<'PROGRAM'
using System.Reflection;
using System.Runtime.Versioning;
using ReliableMqtt;
using ReliableMqtt.Redis;

await using var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
{
    PublisherId = args[2],
    Mqtt = client => client.WithTcpServer("127.0.0.1", int.Parse(args[0])),
    Ledger = new RedisAckLedger($"127.0.0.1:{args[1]}"),
    RequireDurableLedger = true,
});
var receipt = await publisher.PublishExactlyOnceAsync("fresh", args[2]);
Console.WriteLine($"{receipt.Outcome} {typeof(ReliablePublisher).Assembly.GetCustomAttribute<TargetFrameworkAttribute>()!.FrameworkName}");
return receipt.Outcome == PublishOutcome.Confirmed ? 0 : 1;
PROGRAM
}

# The other packages come from the machine's own cache as far as it has them.
install() {
  local file
  run_dotnet restore "$work/fresh" --packages "$work/installed" "-p:RestoreFallbackFolders=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')"
  for file in README.md lib/{net8.0,net10.0}/ReliableMqtt.{dll,xml}; do
    [[ -s $work/installed/reliablemqtt/$version/$file ]] || fail "the package has no $file"
  done
  grep -q '<readme>README.md</readme>' "$work/installed/reliablemqtt/$version/reliablemqtt.nuspec" || fail "the package does not show its README"
  run_dotnet build "$work/fresh" -c Release --no-restore -nologo
}

# run FRAMEWORK BUILD: the program, and which build of the library it says that it has.
run() {
  start "publish-$1" timeout "$run_timeout" dotnet "$work/fresh/bin/Release/$1/Fresh.dll" "$broker_port" "$redis_port" "fresh-$1"
  end "publish-$1" $((run_timeout + 10))
  ((ended_with == 0)) || fail "the program for $1 ended with $ended_with"
  grep -qx "Confirmed .NETCoreApp,Version=$2" "$work/publish-$1.out" || fail "the program for $1 did not run with the build for it"
}

(($# == 0)) || { echo "usage: $0" >&2; exit 2; }
version=0.0.0-proof.$(date +%s).$$
pack
write_project
install

new_mosquitto
new_redis
run net8.0 v8.0
run net10.0 v10.0
stop_mosquitto
echo "proved: the package ReliableMqtt $version, installed in a fresh project, publishes at QoS 2 with a ledger in Redis"
