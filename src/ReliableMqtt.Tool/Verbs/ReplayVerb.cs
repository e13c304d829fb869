using System.CommandLine;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>replay</c>: dead letters go to the end of the backlog, under their ids.</summary>
internal static class ReplayVerb
{
    private const string Replayed = "replayed", AlreadyLive = "already-live", NotFound = "not-found", Full = "full";

    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(
            host, "replay", "Puts dead letters at the end of the backlog, to be published again under their ids. Ends with 0 when that was done with all that were meant.");
        var letters = new LetterVerb(verb);
        var maxPending = verb.Add(new Option<long?>("--max-pending")
        {
            Description = "How many messages may be pending, when the publisher's MaxPending is not the default",
            HelpName = "N",
            CustomParser = argument => CommonOptions.Parse<long?>(argument, text => CommonOptions.Number(text, 1, long.MaxValue)),
        });
        var maxBytes = verb.Add(new Option<long?>("--max-pending-bytes")
        {
            Description = "How many bytes may be pending, when the publisher's MaxPendingBytes is not the default",
            HelpName = "N",
            CustomParser = argument => CommonOptions.Parse<long?>(argument, text => CommonOptions.Number(text, 1, long.MaxValue)),
        });
        verb.Run(
            (parsed, open, stop) => letters.RunAsync(
                parsed, open, Replayed, [Replayed, AlreadyLive, NotFound, Full], async (id, cancel) => NameOf((await open.Ledger.ReplayAsync(id, cancel)).Status), stop),
            (options, parsed) => options with
            {
                MaxPending = parsed.GetValue(maxPending) ?? options.MaxPending,
                MaxPendingBytes = parsed.GetValue(maxBytes) ?? options.MaxPendingBytes,
            });
        return verb.Command;
    }

    private static string NameOf(ReplayStatus status) => status switch
    {
        ReplayStatus.Replayed => Replayed,
        ReplayStatus.AlreadyLive => AlreadyLive,
        ReplayStatus.Full => Full,
        _ => NotFound,
    };
}
