using System.Diagnostics;
using System.Text.RegularExpressions;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Tests;

namespace ReliableMqtt.IntegrationTests.Samples;

// Proves that the sample shows what it says, on embedded parts and with a shared ledger, and that it would notice if it did not. Each run is five processes: they run alone.
[Collection(nameof(SampleCollection))]
public sealed partial class OrdersApiTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_orders_outlive_the_broker_and_a_killed_replica()
    {
        var (exitCode, summary) = await RunAsync();
        AssertAllHeld(exitCode, summary);
    }

    [Fact]
    public async Task So_they_do_when_the_replicas_share_a_ledger_in_Redis()
    {
        await using var redis = await RedisServer.StartAsync();
        var (exitCode, summary) = await RunAsync(["--ledger", $"redis://{redis.Address}"]);
        AssertAllHeld(exitCode, summary);
    }

    [Fact]
    public async Task Traces_that_do_not_reach_the_consumer_are_not_counted()
    {
        var (exitCode, summary) = await RunAsync(environment: ("ReliableMqtt__PropagateTraceContext", "false"));
        Assert.Contains("lost=0", summary, StringComparison.Ordinal);
        Assert.EndsWith("traces_linked=0 of 1000", summary, StringComparison.Ordinal);
        Assert.Equal(1, exitCode);
    }

    private static void AssertAllHeld(int exitCode, string summary)
    {
        Assert.Matches(Expected(), summary);
        Assert.Equal(0, exitCode);
    }

    private static async Task<(int ExitCode, string Summary)> RunAsync(string[]? arguments = null, (string Name, string Value)? environment = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [Program, .. arguments ?? []])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (environment is var (name, value)) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
            await process.WaitForExitAsync(Cancel).WaitAsync(Patience, Cancel);
            TestContext.Current.TestOutputHelper?.WriteLine(await output + await error);
            return (process.ExitCode, (await output).TrimEnd().Split('\n')[^1].TrimEnd());
        }
        finally
        {
            if (!process.HasExited) process.Kill(); // Its children see their standard input end, and end too.
        }
    }

    // Of the same configuration as this project.
    private static string Program
    {
        get
        {
            var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            return RepositoryRoot.File(Path.Combine("samples", "OrdersApi", "bin", here.Parent!.Name, here.Name, "OrdersApi.dll"));
        }
    }

    [GeneratedRegex(@"^posted=1000 accepted=1000 repeated=[1-9]\d* confirmed=1000 delivered=1000 distinct=1000 lost=0 handled_twice=0 copies=\d+ health=Healthy>Degraded>Healthy traces_linked=1000 of 1000$")]
    private static partial Regex Expected();
}

/// <summary>Not beside other tests.</summary>
[CollectionDefinition(nameof(SampleCollection), DisableParallelization = true)]
public sealed class SampleCollection;
