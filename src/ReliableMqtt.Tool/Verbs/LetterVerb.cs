using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using ReliableMqtt.Tool.Letters;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Verbs;

/// <summary>What <c>replay</c> and <c>purge</c> have in common: ids or a filter, one letter after the other, and counts at the end, also when the ledger fails in the middle.</summary>
internal sealed class LetterVerb
{
    private readonly Argument<MessageId[]> _ids;
    private readonly LetterFilterOptions _filters;
    private readonly Option<bool> _all = new("--all") { Description = "All dead letters" };

    public LetterVerb(LedgerVerb verb)
    {
        _ids = verb.AddMessageIds(ArgumentArity.ZeroOrMore);
        _filters = new LetterFilterOptions(verb);
        verb.Add(_all);
        verb.Command.Validators.Add(result =>
        {
            var kinds = new[] { HasIds(result), _filters.AreGiven(result), result.GetValue(_all) }.Count(kind => kind);
            if (kinds == 0) result.AddError("Say which: message ids, a filter (--topic, --cause, --reason-code, --older-than), or --all.");
            else if (kinds > 1) result.AddError("Give message ids, or a filter, or --all: one of the three.");
        });
    }

    public bool HasIds(CommandResult result) => result.GetResult(_ids) is { Tokens.Count: > 0 };

    public IReadOnlyList<MessageId> Ids(ParseResult parsed) => parsed.GetValue(_ids) ?? [];

    public LetterFilter Filter(ParseResult parsed) => _filters.Of(parsed) with { All = parsed.GetValue(_all) };

    /// <summary>Does it with each, and says how often it ended how.</summary>
    /// <param name="parsed">What was asked for.</param>
    /// <param name="open">The ledger.</param>
    /// <param name="success">The name of the end that is wanted.</param>
    /// <param name="ends">All names of ends, in the order in which they are told.</param>
    /// <param name="act">Does it with one letter, and names the end.</param>
    /// <param name="stop">Ends it between two letters.</param>
    public async Task<int> RunAsync(
        ParseResult parsed, OpenLedger open, string success, IReadOnlyList<string> ends, Func<MessageId, CancellationToken, Task<string>> act, CancellationToken stop)
    {
        var counts = ends.ToDictionary(end => end, _ => 0L);
        var walk = new LetterWalk(open.Ledger, Filter(parsed), open.Host.Time.GetUtcNow());
        try
        {
            if (Ids(parsed) is { Count: > 0 } ids)
                foreach (var id in ids.Distinct()) counts[await act(id, stop)]++;
            else
                await foreach (var letter in walk.MatchingAsync(stop)) counts[await act(letter.Record.MessageId, stop)]++;
        }
        finally
        {
            Tell(open, counts);
        }

        var total = counts.Values.Sum();
        return total > 0 && counts[success] == total ? ExitCode.Success : ExitCode.NotFound;
    }

    private static void Tell(OpenLedger open, Dictionary<string, long> counts)
    {
        if (!open.Json)
        {
            open.Host.Out.WriteLine(string.Join(' ', counts.Select(count => $"{count.Key}={count.Value}")));
            return;
        }

        using var json = new JsonOutput(open.Host.Out);
        foreach (var (end, count) in counts) json.Writer.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(Camel(end)), count);
        json.Complete();
    }

    private static string Camel(string name) => string.Concat(name.Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
