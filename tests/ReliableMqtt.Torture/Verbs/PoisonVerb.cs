using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Poison;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>poison</c>: records that cannot be read are put aside with a reason, and all others go on.</summary>
internal static class PoisonVerb
{
    private const int CodecMutations = 1_000_000;

    public static Command Create() => VerbCommand.Create(
        "poison",
        "Mutated records: 1,000,000 through the codec; and 1,000 among intact ones in a real ledger in Redis, with a publisher and mosquitto. Nothing crashes or hangs, and every intact record is delivered.",
        async (_, run) =>
        {
            run.Report.Say($"{CodecMutations:N0} mutated records through the codec");
            CodecRound.Execute(run, CodecMutations);
            await LedgerRound.ExecuteAsync(run);
        });
}
