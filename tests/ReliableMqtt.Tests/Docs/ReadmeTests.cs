using System.Globalization;
using System.Reflection;

namespace ReliableMqtt.Tests.Docs;

/// <summary>Holds README.md to the code: its C# compiles, since it is that of the files beside this one, and its defaults are the real ones.</summary>
public class ReadmeTests
{
    private static readonly Document Readme = Document.Read("README.md");

    [Fact]
    public void Its_code_is_that_of_the_snippets_which_compile()
    {
        Assert.NotEmpty(Readme.CodeBlocks);
        Assert.Equal(Snippets.All().Order(StringComparer.Ordinal), Readme.CodeBlocks.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Its_table_names_each_option_with_its_default()
    {
        var documented = Readme.Text.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(cells => Options.ContainsKey(cells[1].Trim('`')))
            .ToDictionary(cells => cells[1].Trim('`'), cells => cells[2]);

        Assert.Equal(Options.OrderBy(option => option.Key, StringComparer.Ordinal), documented.OrderBy(option => option.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Regions_of_one_name_make_one_snippet() => Assert.Equal(
        ["using A;\n\nB();\n    C();", "D();"],
        Snippets.Of(["#region x", "using A;", "#endregion", "  #region x", "", "  B();", "      C();", "  #endregion", "#region y", "D();", "#endregion"]));

    [Theory]
    [InlineData("MaxPendingBytes", "512 MiB")]
    [InlineData("MinBackoff", "0.5 s")]
    [InlineData("SessionExpiry", "7 days")]
    [InlineData("SessionLossPolicy", "`Republish`")]
    [InlineData("PublisherId", "required")]
    [InlineData("LoggerFactory", "none")]
    public void Defaults_are_written_as_people_write_them(string option, string expected) => Assert.Equal(expected, Options[option]);

    private static Dictionary<string, string> Options { get; } = typeof(ReliablePublisherOptions)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .ToDictionary(property => property.Name, DefaultOf);

    private static string DefaultOf(PropertyInfo property)
    {
        var value = property.GetValue(new ReliablePublisherOptions { PublisherId = "p", Ledger = new NoLedger() });
        if (property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute))) return "required";
        return value switch
        {
            null => "none",
            TimeProvider => "the system's",
            bool flag => flag ? "true" : "false",
            Enum member => $"`{member}`",
            TimeSpan time => Of(time),
            int or long when property.Name.EndsWith("Bytes", StringComparison.Ordinal) || property.Name.EndsWith("Size", StringComparison.Ordinal) =>
                OfBytes(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
            IFormattable number => number.ToString("N0", CultureInfo.InvariantCulture),
            _ => throw new NotSupportedException($"How is a default of {property.PropertyType} written?"),
        };
    }

    private static string Of(TimeSpan time) => time.TotalDays >= 1 ? Of(time.TotalDays, "days")
        : time.TotalHours >= 1 ? Of(time.TotalHours, "h")
        : time.TotalMinutes > 1 ? Of(time.TotalMinutes, "min")
        : Of(time.TotalSeconds, "s");

    private static string OfBytes(long bytes) => bytes >= 1 << 20 ? Of(bytes / 1048576.0, "MiB") : Of(bytes / 1024.0, "KiB");

    private static string Of(double number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number:0.###} {unit}");
}
