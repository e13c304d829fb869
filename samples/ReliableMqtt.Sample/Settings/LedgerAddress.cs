using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Which ledger keeps the accepted messages: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private const string Kinds = "memory, or redis[s]://[user:password@]host[:port][,options]";

    private readonly string _shown;
    private readonly Func<AckLedger> _open;

    private LedgerAddress(string shown, bool isShared, Func<AckLedger> open)
    {
        _shown = shown;
        IsShared = isShared;
        _open = open;
    }

    /// <summary>Other processes can reach it.</summary>
    public bool IsShared { get; }

    /// <exception cref="FormatException">There is no such ledger.</exception>
    public static LedgerAddress Parse(string text) => text switch
    {
        "memory" => new LedgerAddress(text, isShared: false, () => new InMemoryAckLedger()),
        _ when text.StartsWith("redis://", StringComparison.Ordinal) => ParseRedis(text["redis://".Length..], isSecure: false),
        _ when text.StartsWith("rediss://", StringComparison.Ordinal) => ParseRedis(text["rediss://".Length..], isSecure: true),
        _ => throw new FormatException($"'{text}' is not a ledger: expected {Kinds}."),
    };

    /// <summary>A new ledger object; the publisher that gets it disposes it.</summary>
    public AckLedger Create() => _open();

    /// <summary>The address as it may be shown: without the password.</summary>
    public override string ToString() => _shown;

    // What comes after the credentials is a StackExchange.Redis configuration.
    private static LedgerAddress ParseRedis(string text, bool isSecure)
    {
        var at = text.LastIndexOf('@');
        var credentials = at < 0 ? [] : text[..at].Split(':', 2);
        ConfigurationOptions options;
        try
        {
            options = ConfigurationOptions.Parse(text[(at + 1)..]);
        }
        catch (ArgumentException error)
        {
            throw new FormatException($"The address of the Redis ledger cannot be read ({error.Message}): expected {Kinds}.");
        }

        if (options.EndPoints.Count == 0) throw new FormatException($"The address of the Redis ledger names no host: expected {Kinds}.");
        if (isSecure) options.Ssl = true;
        if (credentials.Length > 1 && credentials[0].Length > 0) options.User = Uri.UnescapeDataString(credentials[0]);
        if (credentials.Length > 0) options.Password = Uri.UnescapeDataString(credentials[^1]);
        return new LedgerAddress($"redis://{options.ToString(includePassword: false)}", isShared: true, () => new RedisAckLedger(options));
    }
}
