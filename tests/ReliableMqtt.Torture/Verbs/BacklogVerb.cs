using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Backlog;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>backlog</c>: very many messages wait for a broker that is down.</summary>
internal static class BacklogVerb
{
    public static Command Create()
    {
        var messages = new Option<int?>("--messages") { Description = "How many. Default 5,000,000; with --quick 200,000", HelpName = "N" };
        var drain = new Option<double?>("--drain") { Description = "How long to send from the backlog, at most. Default 120; with --quick 8", HelpName = "SECONDS" };
        return VerbCommand.Create(
            "backlog",
            "Messages are accepted with the broker down: the publisher's memory does not grow with them, Redis needs little more than their records, a cold process starts sending within a second and goes on in order.",
            (parsed, run) => new BacklogRound(
                run, parsed.GetValue(messages) ?? (run.IsQuick ? 200_000 : 5_000_000), TimeSpan.FromSeconds(parsed.GetValue(drain) ?? (run.IsQuick ? 8 : 120))).ExecuteAsync(),
            messages, drain);
    }
}
