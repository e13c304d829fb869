using ReliableMqtt.Deduplication;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Where a listener remembers what it has handled, and its session.</summary>
internal sealed class DedupeAddress
{
    private const string SqlitePrefix = "sqlite:";

    private readonly string _address;
    private readonly string _shown;

    private DedupeAddress(string address, string shown) => (_address, _shown) = (address, shown);

    private string? File => _address.StartsWith(SqlitePrefix, StringComparison.Ordinal) ? _address[SqlitePrefix.Length..] : null;

    /// <exception cref="FormatException">There is no such store. The message does not quote the text, which may have a password.</exception>
    public static DedupeAddress Parse(string text)
    {
        var isFile = text.StartsWith(SqlitePrefix, StringComparison.Ordinal);
        if (!isFile && !text.StartsWith("redis://", StringComparison.Ordinal) && !text.StartsWith("rediss://", StringComparison.Ordinal))
            throw new FormatException("There is no such store: expected sqlite:FILE or redis[s]://[[user:]password@]host[:port][/database][,options].");
        try
        {
            var address = new DedupeAddress(text, text);
            return new DedupeAddress(text, address.CreateLedger().ToString()!); // An object that is not opened costs nothing.
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message);
        }
    }

    /// <summary>The store of this receiver; the caller disposes it.</summary>
    public ProcessedMessageStore CreateStore(string receiverId) => File is { } file ? new SqliteProcessedMessageStore($"{file}.handled", receiverId) : new RedisProcessedMessageStore(_address, receiverId);

    /// <summary>A ledger with which the client's session outlives the process; who gets it disposes it.</summary>
    public AckLedger CreateLedger() => File is { } file ? new SqliteAckLedger(file) : new RedisAckLedger(_address);

    /// <summary>The address as it may be shown: without the password.</summary>
    public override string ToString() => _shown;
}
