using System.CommandLine;
using ReliableMqtt.Tool.Letters;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>purge</c>: dead letters are thrown away for good.</summary>
internal static class PurgeVerb
{
    private const string Purged = "purged", NotFound = "not-found";

    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(
            host, "purge", "Throws dead letters away for good; their receipts read purged. By filter it asks first. Ends with 0 when that was done with all that were meant.");
        var letters = new LetterVerb(verb);
        var yes = verb.Add(new Option<bool>("--yes") { Description = "Do not ask" });
        verb.Command.Validators.Add(result =>
        {
            if (!letters.HasIds(result) && !result.GetValue(yes) && !host.IsInteractive) result.AddError("Nobody is there to be asked: to purge without message ids give --yes.");
        });
        verb.Run(async (parsed, open, stop) =>
        {
            if (letters.Ids(parsed).Count == 0 && !parsed.GetValue(yes) && !await AgreesAsync(open, letters.Filter(parsed), stop)) return ExitCode.NotFound;
            return await letters.RunAsync(parsed, open, Purged, [Purged, NotFound], async (id, cancel) => await open.Ledger.PurgeAsync(id, cancel) ? Purged : NotFound, stop);
        });
        return verb.Command;
    }

    private static async Task<bool> AgreesAsync(OpenLedger open, LetterFilter filter, CancellationToken stop)
    {
        var count = 0L;
        await foreach (var _ in new LetterWalk(open.Ledger, filter, open.Host.Time.GetUtcNow()).MatchingAsync(stop)) count++;
        if (count == 0)
        {
            await open.Host.Error.WriteLineAsync("No dead letter matches.");
            return false;
        }

        await open.Host.Error.WriteAsync($"Throw away {Words.Number(count)} dead letters of {SafeText.Escape(open.PublisherId)} for good? [y/N] ");
        var answer = await open.Host.In.ReadLineAsync(stop);
        return answer?.Trim().ToUpperInvariant() is "Y" or "YES";
    }
}
