using System.Security.Cryptography;
using System.Text;
using ReliableMqtt.Deduplication;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The keys of one receiver and one publisher id. All have one hash tag, so that a script, and a transaction of the application's, can reach them together.</summary>
internal sealed class ReceiverKeys
{
    private readonly string _prefix;

    public ReceiverKeys(string receiverId, string publisherId)
    {
        // A brace within the tag would end it early; the first slash divides the two names.
        HashTag = $"{Escape(receiverId).Replace("/", "%2F", StringComparison.Ordinal)}/{Escape(publisherId)}";
        _prefix = $"reliable-mqtt:receiver:{{{HashTag}}}:";
        Done = _prefix + "done";
        Order = _prefix + "order";
    }

    /// <summary>What stands between the braces.</summary>
    public string HashTag { get; }

    /// <summary>HASH with an expiry, message id → when it was handled, and the token that it was handled under.</summary>
    public RedisKey Done { get; }

    /// <summary>LIST with an expiry: when, and message id, oldest first.</summary>
    public RedisKey Order { get; }

    /// <summary>STRING with an expiry: the token of who has the message in hand. The id is hashed: it is a text of somebody else's.</summary>
    public RedisKey Claim(string messageId) => _prefix + "claim:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)), 0, 16);

    /// <summary>Of a key of the port's.</summary>
    public static ReceiverKeys Of(string receiverId, DeduplicationKey key)
    {
        ArgumentNullException.ThrowIfNull(key.PublisherId, nameof(key));
        ArgumentException.ThrowIfNullOrEmpty(key.MessageId, nameof(key));
        return new ReceiverKeys(receiverId, key.PublisherId);
    }

    private static string Escape(string name) =>
        name.Replace("%", "%25", StringComparison.Ordinal).Replace("{", "%7B", StringComparison.Ordinal).Replace("}", "%7D", StringComparison.Ordinal);
}
