using System.Globalization;

namespace ReliableMqtt.Torture.Reports;

/// <summary>What a run has found: checks, which must hold, and figures, which are for people and for comparisons.</summary>
/// <param name="verb">What ran.</param>
/// <param name="seed">Its seed.</param>
/// <param name="isQuick">Whether it was the short run.</param>
internal sealed class Report(string verb, int seed, bool isQuick)
{
    private readonly List<Check> _checks = [];
    private readonly List<KeyValuePair<string, object>> _figures = [];
    private readonly List<string> _details = [];

    public string Verb => verb;

    public int Seed => seed;

    public bool IsQuick => isQuick;

    public IReadOnlyList<Check> Checks => _checks;

    public IReadOnlyList<KeyValuePair<string, object>> Figures => _figures;

    /// <summary>Further words on what did not hold.</summary>
    public IReadOnlyList<string> Details => _details;

    /// <summary>True when there are checks and all of them hold: a run that has checked nothing has proven nothing.</summary>
    public bool Holds => _checks.Count > 0 && _checks.All(check => check.Holds);

    /// <summary>Notes a check, and tells people of it when it fails.</summary>
    public void Require(string name, bool holds, FormattableString found, FormattableString wanted)
    {
        var check = new Check(name, holds, FormattableString.Invariant(found), FormattableString.Invariant(wanted));
        _checks.Add(check);
        if (!holds) Say($"FAILED: {check.Name}: {check.Found}, wanted {check.Wanted}");
    }

    /// <summary>A number that must be as said.</summary>
    public void RequireEqual(string name, long found, long wanted) => Require(name, found == wanted, $"{found}", $"{wanted}");

    /// <summary>A number that must not be above the limit.</summary>
    public void RequireAtMost(string name, double found, double limit, string unit = "") =>
        Require(name, found <= limit, $"{found:0.###}{unit}", $"at most {limit:0.###}{unit}");

    /// <summary>Notes a figure for the last line and the JSON: a whole number, a number or a word without spaces.</summary>
    public void Figure(string name, object value) => _figures.Add(new(name, value is double number ? Math.Round(number, 3) : value));

    /// <summary>Notes what helps to find the cause of a failure.</summary>
    public void Detail(string text) => _details.Add(text);

    /// <summary>Says what is going on, at once.</summary>
    public void Say(string text) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {verb}: {text}"));
}
