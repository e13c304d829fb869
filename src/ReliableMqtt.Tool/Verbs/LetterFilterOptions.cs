using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Letters;
using ReliableMqtt.Tool.Output;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary>The options that say which dead letters are meant.</summary>
internal sealed class LetterFilterOptions
{
    private readonly Option<TopicFilter> _topic = new("--topic")
    {
        Description = "Those with such a topic; + and # as in a subscription",
        HelpName = "FILTER",
        CustomParser = argument => CommonOptions.Parse(argument, TopicFilter.Parse),
    };

    private readonly Option<DeadLetterCause?> _cause = new("--cause")
    {
        Description = "Those that were given up for this: " + string.Join(", ", Enum.GetValues<DeadLetterCause>().Select(Words.Name)),
        HelpName = "CAUSE",
        CustomParser = argument => CommonOptions.Parse(argument, ParseCause),
    };

    private readonly Option<byte?> _reasonCode = new("--reason-code")
    {
        Description = "Those that the broker refused with this code, such as 0x87 or 135",
        HelpName = "CODE",
        CustomParser = argument => CommonOptions.Parse(argument, ParseCode),
    };

    private readonly Option<TimeSpan?> _olderThan = new("--older-than")
    {
        Description = "Those that were given up longer ago: 90s, 30m, 12h, 7d",
        HelpName = "TIME",
        CustomParser = argument => CommonOptions.Parse(argument, text => (TimeSpan?)CommonOptions.Span(text)),
    };

    private readonly Option[] _all;

    public LetterFilterOptions(LedgerVerb verb)
    {
        _all = [_topic, _cause, _reasonCode, _olderThan];
        foreach (var option in _all) verb.Add(option);
    }

    public bool AreGiven(CommandResult result) => _all.Any(option => result.GetResult(option) is { Implicit: false });

    public LetterFilter Of(ParseResult parsed) => new()
    {
        Topic = parsed.GetValue(_topic),
        Cause = parsed.GetValue(_cause),
        ReasonCode = parsed.GetValue(_reasonCode),
        OlderThan = parsed.GetValue(_olderThan),
    };

    private static DeadLetterCause? ParseCause(string text)
    {
        foreach (var cause in Enum.GetValues<DeadLetterCause>())
            if (Words.Name(cause) == text) return cause;
        throw new FormatException($"'{text}' is no cause: expected {string.Join(", ", Enum.GetValues<DeadLetterCause>().Select(Words.Name))}.");
    }

    private static byte? ParseCode(string text)
    {
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return byte.TryParse(isHex ? text[2..] : text, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : throw new FormatException($"'{text}' is no reason code: expected one byte, such as 0x87 or 135.");
    }
}
