using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Watching;

/// <summary>Where looks are shown.</summary>
internal interface IWatchOutput
{
    void Show(IReadOnlyList<LedgerLook> looks);
}

/// <summary>A table that is drawn again in the place of the one before.</summary>
internal sealed class WatchScreen(ToolHost host) : IWatchOutput
{
    private int _lines;

    public void Show(IReadOnlyList<LedgerLook> looks)
    {
        using var drawn = new StringWriter();
        drawn.WriteLine($"{Words.Time(looks[^1].At)}  (Ctrl-C ends it)");
        var table = new TextTable("Publisher id", "#Pending", "#In flight", "#Backlog", "#Dead", "Oldest", "#Accepted/s", "#Finished/s", "Owner", "Durability");
        foreach (var look in looks) table.Add(Cells(look));
        table.Write(host with { Out = drawn });

        // Up over what was drawn last, and away with it: what was on the terminal before stays.
        if (_lines > 0) host.Out.Write($"\u001b[{_lines}F\u001b[J");
        host.Out.Write(drawn);
        host.Out.Flush();
        _lines = drawn.ToString().Count(character => character == '\n');
    }

    private static string[] Cells(LedgerLook look) => look is { Counts: { } counts, Overview: { } overview }
        ?
        [
            look.PublisherId, Words.Number(look.Pending), Words.Number(counts.InFlight), Words.Number(counts.Backlog), Words.Number(counts.DeadLetters), WatchWords.Oldest(look),
            WatchWords.Rate(look.Rates?.Accepted), WatchWords.Rate(look.Rates?.Finished), WatchWords.Owner(overview), Words.Spoken(look.Durability),
        ]
        : [look.PublisherId, "", "", "", "", "", "", "", look.Error ?? "", Words.Spoken(look.Durability)];
}

/// <summary>A line for each look, where the output is not a terminal.</summary>
internal sealed class WatchLines(ToolHost host) : IWatchOutput
{
    public void Show(IReadOnlyList<LedgerLook> looks)
    {
        foreach (var look in looks) host.Out.WriteLine(SafeText.Escape(Line(look)));
        host.Out.Flush();
    }

    private static string Line(LedgerLook look) => look is { Counts: { } counts, Overview: { } overview }
        ? string.Create(CultureInfo.InvariantCulture,
            $"{Words.Time(look.At)} {look.PublisherId} pending={look.Pending} in-flight={counts.InFlight} backlog={counts.Backlog} dead-lettered={counts.DeadLetters} oldest={WatchWords.Oldest(look)} accepted/s={WatchWords.Rate(look.Rates?.Accepted)} finished/s={WatchWords.Rate(look.Rates?.Finished)} durability={Words.Name(look.Durability)} lease={Words.Name(overview.Lease)} owner={overview.Owner ?? "nobody"}")
        : $"{Words.Time(look.At)} {look.PublisherId} error={look.Error}";
}

/// <summary>A JSON object on a line of its own for each look.</summary>
internal sealed class WatchJson(ToolHost host) : IWatchOutput
{
    public void Show(IReadOnlyList<LedgerLook> looks)
    {
        foreach (var look in looks) Write(look);
        host.Out.Flush();
    }

    private void Write(LedgerLook look)
    {
        using var json = new JsonOutput(host.Out, oneLine: true);
        var writer = json.Writer;
        json.Time("at", look.At);
        writer.WriteString("publisherId", look.PublisherId);
        json.Number("pending", look.Counts is null ? null : look.Pending);
        json.Number("inFlight", look.Counts?.InFlight);
        json.Number("backlog", look.Counts?.Backlog);
        json.Number("deadLetters", look.Counts?.DeadLetters);
        json.Number("quarantined", look.Counts?.Quarantined);
        json.Number("pendingBytes", look.Counts?.PendingBytes);
        Fraction("oldestAgeSeconds", look.OldestAge?.TotalSeconds);
        Fraction("acceptedPerSecond", look.Rates?.Accepted);
        Fraction("finishedPerSecond", look.Rates?.Finished);
        writer.WriteString("lease", look.Overview is { } overview ? Words.Name(overview.Lease) : null);
        writer.WriteString("owner", look.Overview?.Owner);
        writer.WriteString("durability", Words.Name(look.Durability));
        writer.WriteString("error", look.Error);
        json.Complete();

        void Fraction(string name, double? number)
        {
            if (number is { } known) writer.WriteNumber(name, Math.Round(known, 3));
            else writer.WriteNull(name);
        }
    }
}

/// <summary>How what is seen is said.</summary>
internal static class WatchWords
{
    public static string Rate(double? rate) => rate is { } known ? known.ToString("0.#", CultureInfo.InvariantCulture) : "-";

    public static string Oldest(LedgerLook look) => look.OldestAge is { } age ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)age.TotalSeconds)}s") : look.Pending > 0 ? "?" : "-";

    public static string Owner(LedgerOverview overview) => overview.Lease switch
    {
        LeaseState.Held => overview.Owner ?? "",
        LeaseState.Free => "nobody",
        var state => $"{Words.Spoken(state)}: {overview.Owner}",
    };
}
