using System.CommandLine;
using System.Globalization;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>Options that take several values, with commas between them.</summary>
internal static class ListOption
{
    public static Option<IReadOnlyList<int>> OfNumbers(string name, string description, IReadOnlyList<int> standard) =>
        Of(name, description, standard, text => int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? (true, number) : (false, 0));

    public static Option<IReadOnlyList<string>> OfTexts(string name, string description, IReadOnlyList<string> standard) => Of(name, description, standard, text => (true, text));

    private static Option<IReadOnlyList<T>> Of<T>(string name, string description, IReadOnlyList<T> standard, Func<string, (bool IsValue, T Value)> parse) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            var parts = result.Tokens.SelectMany(token => token.Value.Split(',')).Select(parse).ToList();
            if (parts.Count == 0 || parts.Any(part => !part.IsValue)) result.AddError($"{name}: values with commas between them.");
            return [.. parts.Select(part => part.Value)];
        },
    };
}
