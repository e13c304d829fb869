using System.Globalization;
using System.Text;

namespace ReliableMqtt.Tests.Conformance;

/// <summary>Writes docs/conformance.md from the manifest and the claims of the tests.</summary>
internal static class ConformanceDocument
{
    public const string Place = "docs/conformance.md";

    public static string Write(IReadOnlyList<ConformanceRow> rows, IReadOnlyList<ConformanceClaim> claims)
    {
        var proven = rows.Count(row => claims.Any(claim => claim.Rows.Contains(row.Number)));
        var text = new StringBuilder();
        text.Append(string.Create(CultureInfo.InvariantCulture, $"""
            # Conformance

            What MQTT asks of a client that publishes, what this one does, and the tests that prove it: {proven} of {rows.Count} rows with tests. Clauses are the normative
            statements of the two standards (`4.3.3-6` is MQTT-4.3.3-6). A test claims a row with `[Conformance(row)]`; the rows are in `ConformanceManifest.cs`, and
            this page is generated from both: see [testing.md](testing.md#the-conformance-manifest). Which rows are also checked on the wire of every
            integration test is said there too.

            | Row | What the publisher does | MQTT 5.0 | MQTT 3.1.1 | Tests |
            |---|---|---|---|---|

            """).ReplaceLineEndings("\n"));
        foreach (var row in rows)
        {
            var tests = claims.Where(claim => claim.Rows.Contains(row.Number)).Select(claim => $"`{claim.Name}`");
            text.Append(CultureInfo.InvariantCulture, $"| {row.Number} | {row.Rule} | {row.Mqtt5} | {row.Mqtt311} | {string.Join("<br>", tests)} |\n");
        }

        return text.ToString();
    }
}
