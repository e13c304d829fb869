using System.Globalization;
using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The keys of one publisher id. All have one hash tag, so that they are in one slot of a cluster, where a script can reach them together.</summary>
internal sealed class RedisKeys
{
    private readonly string _prefix;

    public RedisKeys(string publisherId)
    {
        // A brace within the tag would end it early.
        var tag = publisherId.Replace("%", "%25", StringComparison.Ordinal).Replace("{", "%7B", StringComparison.Ordinal).Replace("}", "%7D", StringComparison.Ordinal);
        _prefix = $"reliable-mqtt:{{{tag}}}:";
        Header = _prefix + "header";
        Lease = _prefix + "lease";
        Inflight = _prefix + "inflight";
        State = _prefix + "state";
        Backlog = _prefix + "backlog";
        Dead = _prefix + "dead";
        DeadOrder = _prefix + "dead-order";
        Ids = _prefix + "ids";
        Done0 = _prefix + "done-0";
        Done1 = _prefix + "done-1";
        Ended = _prefix + "ended";
        Restored = _prefix + "restored";
        Taken = _prefix + "taken";
        Quarantine = _prefix + "quarantine";
        Never = _prefix + "never";
        Wake = RedisChannel.Literal(_prefix + "wake");
    }

    /// <summary>HASH: schema, epoch, last operation, tail, counters. Everything that is one value.</summary>
    public RedisKey Header { get; }

    /// <summary>STRING with an expiry: the token of who may dispatch.</summary>
    public RedisKey Lease { get; }

    /// <summary>HASH packet id → whole record, until the confirm.</summary>
    public RedisKey Inflight { get; }

    /// <summary>HASH packet id → state, where it is not simply Sent.</summary>
    public RedisKey State { get; }

    /// <summary>LIST of records in the order of their sequences.</summary>
    public RedisKey Backlog { get; }

    /// <summary>HASH message id → reason and record.</summary>
    public RedisKey Dead { get; }

    /// <summary>ZSET message id by a number that rises with each dead letter, and tells its time.</summary>
    public RedisKey DeadOrder { get; }

    /// <summary>HASH message id → status: pending ids of the application's, and all dead letters.</summary>
    public RedisKey Ids { get; }

    /// <summary>HASH message id → outcome; with <see cref="Done1"/> in turn, a deduplication window each.</summary>
    public RedisKey Done0 { get; }

    /// <summary>See <see cref="Done0"/>.</summary>
    public RedisKey Done1 { get; }

    /// <summary>ZSET of the sequences within automatic ids that did not end with a confirm.</summary>
    public RedisKey Ended { get; }

    /// <summary>ZSET of ranges of sequences that were written back after a loss, by their ends: within lost ranges they are what is known.</summary>
    public RedisKey Restored { get; }

    /// <summary>
    /// HASH with an expiry, acceptor → runs of its messages that an owner had in its hands when the store lost them: each the first number, the first sequence, and how many.
    /// </summary>
    public RedisKey Taken { get; }

    /// <summary>HASH of records that could not be read, with the reason.</summary>
    public RedisKey Quarantine { get; }

    /// <summary>
    /// Never there. A script that names it runs nowhere while its slot moves: each node misses one of its keys. It must not, since there a command within a script fails when
    /// its key has gone, also when the script itself has just taken the last field of it, and what was written before stays.
    /// </summary>
    public RedisKey Never { get; }

    /// <summary>Channel: there is work, or the lease is free.</summary>
    public RedisChannel Wake { get; }

    /// <summary>Channel: messages that this acceptor took have come to their end.</summary>
    public RedisChannel Finished(ulong acceptor) => RedisChannel.Literal($"{_prefix}finished:{NameOf(acceptor)}");

    /// <summary>The name of an acceptor as text.</summary>
    public static string NameOf(ulong acceptor) => acceptor.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>STRING with an expiry: the last operation of one acceptor and its answer.</summary>
    public RedisKey Acceptor(string nonce) => _prefix + "acceptor:" + nonce;

    /// <summary>HASH with an expiry: what an epoch is about to write back.</summary>
    public RedisKey Staged(LedgerEpoch epoch) => _prefix + "staged:" + epoch.Token;
}
