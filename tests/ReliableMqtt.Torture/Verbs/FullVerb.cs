using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Full;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>full</c>: Redis has no memory left while messages are accepted.</summary>
internal static class FullVerb
{
    public static Command Create() => VerbCommand.Create(
        "full",
        "The broker is down and messages are accepted until Redis is at its maxmemory: callers wait, or get LedgerFull, as configured, in the process that sends and in one that only accepts; nothing that was refused is delivered, and all that was accepted is when the broker is back.",
        async (_, run) =>
        {
            foreach (var byAcceptor in new[] { false, true })
                foreach (var policy in new[] { OverflowPolicy.Wait, OverflowPolicy.Reject }) await new FullRound(run, policy, byAcceptor).ExecuteAsync();
        });
}
