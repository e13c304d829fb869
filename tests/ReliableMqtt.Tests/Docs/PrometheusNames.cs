using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Docs;

/// <summary>
/// How the Prometheus exporter of OpenTelemetry .NET writes names: what is no letter, digit or underscore becomes an underscore, the unit is written out behind the name unless the name has it, an
/// annotation in braces is no unit, a counter ends with <c>_total</c>, and a histogram is three series. That it does so is tested with the exporter itself among the integration tests.
/// </summary>
internal static partial class PrometheusNames
{
    /// <summary>The series of an instrument.</summary>
    /// <exception cref="NotSupportedException">Its unit is none of those that the rule knows.</exception>
    public static IReadOnlyList<string> Of(Instrument instrument) => Of(instrument.Name, instrument.Unit, KindOf(instrument));

    public static IReadOnlyList<string> Of(string name, string? unit, string kind)
    {
        var text = Sanitize(name);
        var suffix = unit switch
        {
            null or "" => "",
            ['{', .., '}'] => "",
            "s" => "_seconds",
            _ => throw new NotSupportedException($"How does the exporter write the unit '{unit}'?"),
        };
        if (!text.EndsWith(suffix, StringComparison.Ordinal)) text += suffix;
        return kind switch
        {
            "Counter" or "ObservableCounter" => [text + "_total"],
            "Histogram" => [text + "_bucket", text + "_sum", text + "_count"],
            _ => [text],
        };
    }

    /// <summary>A name of an attribute, which is a label.</summary>
    public static string Sanitize(string name) => Other().Replace(name, "_");

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0];

    [GeneratedRegex("[^a-zA-Z0-9_]+")]
    private static partial Regex Other();
}
