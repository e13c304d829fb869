using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using ReliableMqtt.IntegrationTests.Publishing;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>A publisher in a process of its own (ReliableMqtt.DyingPublisher) that kills itself with SIGKILL before or after a given commit.</summary>
internal static class DyingProcess
{
    /// <summary>How a process ends that was killed with SIGKILL.</summary>
    public const int Killed = 128 + 9;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Publishes so many messages at once, with the ids m1, m2, …, and returns the exit code.</summary>
    public static async Task<int> RunAsync(string ledger, int port, int qos, int messages, string when, string section)
    {
        var start = new ProcessStartInfo(Path.ChangeExtension(Program, null)) { RedirectStandardError = true };
        foreach (var argument in new[] { ledger, Text(port), Rig.PublisherId, Text(qos), Text(messages), when, section }) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        try
        {
            var error = process.StandardError.ReadToEndAsync(Cancel);
            await process.WaitForExitAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
            TestContext.Current.TestOutputHelper?.WriteLine(await error);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    // Beside this project's output, of the same configuration.
    private static string Program
    {
        get
        {
            var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            var name = Assembly.GetExecutingAssembly().GetName().Name!;
            return Path.Combine(here.FullName.Replace(name, "ReliableMqtt.DyingPublisher", StringComparison.Ordinal), "ReliableMqtt.DyingPublisher.dll");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
