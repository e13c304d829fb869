using System.Diagnostics;
using System.Text.Json;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Tool.Tests;

/// <summary>The package is what a user gets: packed, installed from a folder with nothing else to fall back on, and run as a command.</summary>
public sealed class InstalledToolTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-tool-").FullName;

    [Fact]
    public async Task The_packed_tool_installs_without_a_network_and_answers()
    {
        await using var plant = await RedisPlant.StartAsync();
        var packages = Path.Combine(_folder, "packages");
        await MustAsync("dotnet", "pack", RepositoryRoot.File("src/ReliableMqtt.Tool"), "-c", Configuration, "--no-build", "-o", packages);
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "nuget.config"),
            $"""<configuration><packageSources><clear /><add key="packed" value="{packages}" /></packageSources></configuration>""", TestContext.Current.CancellationToken);
        await MustAsync("dotnet", "tool", "install", "ReliableMqtt.Tool", "--tool-path", Path.Combine(_folder, "tool"), "--configfile", Path.Combine(_folder, "nuget.config"));

        var command = Path.Combine(_folder, "tool", OperatingSystem.IsWindows() ? "reliable-mqtt.exe" : "reliable-mqtt");
        var (code, output, error) = await RunAsync(command, plant.Ledger, "status", "--publisher-id", RedisPlant.PublisherId, "--json");
        Assert.Equal((ExitCode.Success, ""), (code, error));
        Assert.Equal(5, JsonDocument.Parse(output).RootElement.GetProperty("backlog").GetInt32());

        (code, output, _) = await RunAsync(command, plant.Ledger, "receipt", "through", "--publisher-id", RedisPlant.PublisherId);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("│ through    │ confirmed │", output, StringComparison.Ordinal);

        (code, output, error) = await RunAsync(command, plant.Ledger, "receipt", "never", "--publisher-id", RedisPlant.PublisherId);
        Assert.Equal((ExitCode.NotFound, ""), (code, error));
        Assert.Contains("unknown", output, StringComparison.Ordinal);

        // What goes to a file or a pipe is lines, and nothing that moves a cursor.
        (code, output, error) = await RunAsync(command, plant.Ledger, "watch", "--count", "2", "--interval", "1", "--publisher-id", RedisPlant.PublisherId);
        Assert.Equal((ExitCode.Success, ""), (code, error));
        Assert.Equal(["pending=5", "pending=5"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[3]));
        Assert.Contains("accepted/s=0 finished/s=0 durability=durable lease=held", output, StringComparison.Ordinal);

        (code, output, error) = await RunAsync(command, plant.Ledger, "doctor", "--publisher-id", RedisPlant.PublisherId);
        Assert.Equal((ExitCode.Success, ""), (code, error));
        Assert.Contains("│ redis-appendfsync      │ ok ", output, StringComparison.Ordinal);
        Assert.Contains("problems=0", output, StringComparison.Ordinal);

        // Nobody is at the keyboard.
        (code, output, error) = await RunAsync(command, plant.Ledger, "purge", "--all", "--publisher-id", RedisPlant.PublisherId);
        Assert.Equal((ExitCode.BadUsage, ""), (code, output));
        Assert.Contains("--yes", error, StringComparison.Ordinal);
        (code, _, error) = await RunAsync(command, null, "status", "--publisher-id", RedisPlant.PublisherId, plant.Ledger);
        Assert.Equal(ExitCode.BadUsage, code);
        Assert.DoesNotContain(RedisPlant.Password, error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The tool was built in the same configuration as this assembly.
    private static string Configuration => AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";

    private async Task MustAsync(string program, params string[] args)
    {
        var (code, output, error) = await RunAsync(program, null, args);
        Assert.True(code == 0, $"{program} {string.Join(' ', args)} ended with {code}:\n{output}{error}");
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string program, string? ledger, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment.Remove("RELIABLE_MQTT_LEDGER");
        if (ledger is not null) start.Environment["RELIABLE_MQTT_LEDGER"] = ledger;
        using var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        process.StandardInput.Close();
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
