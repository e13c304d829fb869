using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Sqlite;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>sqlite</c>: a publisher on a file is killed, and its power is cut.</summary>
internal static class SqliteVerb
{
    public static Command Create()
    {
        var messages = new Option<int?>("--messages") { Description = "How many, half of them of each QoS. Default 50,000; with --quick 3,000", HelpName = "N" };
        return VerbCommand.Create(
            "sqlite",
            "Two publishers, of QoS 1 and of QoS 2, with a ledger in a SQLite file each, are killed with -9 sixty times, and twenty times more with all that was not synced gone: nothing is lost. Then on a disk that lies, and with synchronous=NORMAL, which must be found out.",
            (parsed, run) => new SqliteRun(run, parsed.GetValue(messages) ?? (run.IsQuick ? 3_000 : 50_000), Kills: run.IsQuick ? 8 : 60, PowerCuts: run.IsQuick ? 6 : 20).ExecuteAsync(),
            messages);
    }
}
