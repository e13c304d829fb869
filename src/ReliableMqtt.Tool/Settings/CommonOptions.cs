using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ReliableMqtt.Tool.Settings;

/// <summary>The options that several verbs have.</summary>
internal static class CommonOptions
{
    /// <summary>Where the address of the ledger is looked for: a command line can be seen by every user of the machine.</summary>
    public const string LedgerVariable = "RELIABLE_MQTT_LEDGER";

    /// <summary>The longest publisher id that a publisher may have.</summary>
    private const int MaxPublisherId = 128;

    /// <param name="host">Has the environment.</param>
    /// <param name="isRequired">Whether there has to be one.</param>
    public static Option<LedgerAddress> Ledger(ToolHost host, bool isRequired = true) => new("--ledger")
    {
        Description = "redis[s]://[[user:]password@]host[:port][/database][,options], the options being those of StackExchange.Redis; or sqlite:FILE. "
            + $"Default: the environment variable {LedgerVariable}, where others cannot read the password",
        HelpName = "ADDRESS",
        DefaultValueFactory = argument =>
        {
            if (host.Variable(LedgerVariable) is { Length: > 0 } given) return Parse(argument, given, LedgerAddress.Parse)!;
            if (isRequired) argument.AddError($"Say where the ledger is: --ledger ADDRESS, or the environment variable {LedgerVariable}.");
            return null!;
        },
        CustomParser = argument => Parse(argument, LedgerAddress.Parse),
    };

    public static Option<BrokerAddress> Broker(ToolHost host) => new("--broker")
    {
        Description = "mqtt[s]://[user:password@]host[:port], or ws[s]://[user:password@]host[:port]/path. "
            + $"Default: the environment variable {BrokerAddress.Variable}, where others cannot read the password",
        HelpName = "ADDRESS",
        DefaultValueFactory = argument => host.Variable(BrokerAddress.Variable) is { Length: > 0 } given ? Parse(argument, given, BrokerAddress.Parse)! : null!,
        CustomParser = argument => Parse(argument, BrokerAddress.Parse),
    };

    public static Option<string> PublisherId() => new("--publisher-id")
    {
        Description = "The publisher whose ledger it is",
        HelpName = "ID",
        Required = true,
        CustomParser = argument => Parse(argument, ParsePublisherId),
    };

    public static Option<string[]> PublisherIds() => new("--publisher-id")
    {
        Description = "The publishers whose ledgers they are; several may be given",
        HelpName = "ID",
        Required = true,
        CustomParser = argument => [.. argument.Tokens.Select(token => Parse(argument, token.Value, ParsePublisherId) ?? "")],
    };

    public static Option<bool> Json() => new("--json") { Description = "One JSON document, for scripts" };

    public static Option<bool> Payload() => new("--payload") { Description = "Show payloads too, which may be secret: as text in tables, in base64 with --json" };

    public static Option<int> Limit() => new("--limit")
    {
        Description = "Show at most so many",
        HelpName = "N",
        DefaultValueFactory = _ => 50,
        CustomParser = argument => Parse(argument, text => (int)Number(text, 1, 100_000)),
    };

    public static Option<long> After(string of) => new("--after")
    {
        Description = $"Begin behind {of}, as the page before says",
        HelpName = "PLACE",
        CustomParser = argument => Parse(argument, text => Number(text, 0, long.MaxValue)),
    };

    /// <exception cref="FormatException">It is no time.</exception>
    public static TimeSpan Span(string text)
    {
        if (text.Length > 1 && long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 1_000_000)
        {
            switch (text[^1])
            {
                case 's': return TimeSpan.FromSeconds(number);
                case 'm': return TimeSpan.FromMinutes(number);
                case 'h': return TimeSpan.FromHours(number);
                case 'd': return TimeSpan.FromDays(number);
            }
        }

        throw new FormatException($"'{text}' is no time: expected a number and s, m, h or d, such as 12h.");
    }

    /// <exception cref="FormatException">It is no such number.</exception>
    public static long Number(string text, long min, long max) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException($"'{text}' is not a number from {min} to {max}.");

    /// <summary>Makes a parser that throws into one that reports.</summary>
    public static T? Parse<T>(ArgumentResult argument, Func<string, T> parse) => Parse(argument, argument.Tokens[0].Value, parse);

    private static string ParsePublisherId(string text) =>
        text.Length is > 0 and <= MaxPublisherId ? text : throw new FormatException($"A publisher id has 1 to {MaxPublisherId} characters.");

    private static T? Parse<T>(ArgumentResult argument, string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException error)
        {
            argument.AddError(error.Message);
            return default;
        }
    }
}
