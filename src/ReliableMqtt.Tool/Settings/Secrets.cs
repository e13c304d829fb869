namespace ReliableMqtt.Tool.Settings;

/// <summary>
/// What was given and must not be seen again. Addresses may have passwords, and a text that quotes one (of a parser, a server, a client library) is not ours to choose; so whatever looks
/// like an address or a part of one is taken out of all that is reported.
/// </summary>
internal sealed class Secrets
{
    private readonly string[] _hidden;

    public Secrets(IEnumerable<string> given) => _hidden =
        [.. given.Where(LooksLikeAddress).SelectMany(Parts).Where(part => part.Length > 0).Distinct(StringComparer.Ordinal).OrderByDescending(part => part.Length)];

    public string Hide(string text) => _hidden.Aggregate(text, (shown, part) => shown.Replace(part, "***", StringComparison.Ordinal));

    private static bool LooksLikeAddress(string text) =>
        text.Contains("://", StringComparison.Ordinal) || text.Contains('@', StringComparison.Ordinal) || text.Contains("password", StringComparison.OrdinalIgnoreCase);

    // The whole, also behind --ledger= and --ledger:, the credentials of an address, the password in them as it is and decoded, and that among options.
    private static IEnumerable<string> Parts(string text)
    {
        yield return text;
        if (text.StartsWith('-') && text.IndexOfAny(['=', ':']) is > 0 and var value) yield return text = text[(value + 1)..];
        var begin = text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0;
        if (text.LastIndexOf('@') is var at && at > begin)
        {
            var credentials = text[begin..at];
            yield return credentials;
            var password = credentials[(credentials.IndexOf(':', StringComparison.Ordinal) + 1)..];
            yield return password;
            yield return Uri.UnescapeDataString(password);
        }

        foreach (var option in text.Split(',').Where(option => option.TrimStart().StartsWith("password", StringComparison.OrdinalIgnoreCase)))
            yield return option[(option.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim();
    }
}
