using System.CommandLine;
using System.Diagnostics;

namespace ReliableMqtt.Torture.Children;

/// <summary><c>child-send</c>: starts, and sends what it finds in the ledger, until its input is closed. Tells when it began with what.</summary>
internal static class SendVerb
{
    public const string Name = "child-send";

    public static Command Create() => ChildOptions.Create(Name, async (_, options, history, _) =>
    {
        history.State("main", Stopwatch.GetTimestamp());
        await using var publisher = await ReliablePublisher.StartAsync(options with { MaxPending = long.MaxValue / 2, MaxPendingBytes = 1L << 50, ShutdownTimeout = TimeSpan.Zero }, CancellationToken.None);
        history.State("started", Stopwatch.GetTimestamp());
        await foreach (var _ in ChildOptions.CommandsAsync())
        {
        }
    });
}
