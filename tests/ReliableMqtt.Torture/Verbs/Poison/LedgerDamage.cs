using System.Text;
using ReliableMqtt.Messages;
using ReliableMqtt.Torture.Checks;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>A record that was damaged where it lay.</summary>
/// <param name="Number">The number of its message.</param>
/// <param name="Id">Its message id.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Bytes">What it is now.</param>
/// <param name="WasInFlight">False: it was in the backlog.</param>
internal sealed record DamagedRecord(long Number, MessageId Id, Mutation Kind, byte[] Bytes, bool WasInFlight);

/// <summary>Damages records of a ledger in Redis, none so that it could be taken for a good one.</summary>
internal sealed class LedgerDamage(IDatabase database, string publisherId, Random random)
{
    private static readonly Mutation[] Kinds = [.. Enum.GetValues<Mutation>().Where(kind => kind != Mutation.Resealed)];

    private readonly RecordMutator _mutator = new(random);
    private readonly List<DamagedRecord> _records = [];

    public IReadOnlyList<DamagedRecord> Records => _records;

    public async Task InFlightAsync(int count)
    {
        var entries = (await database.HashGetAllAsync(Key("inflight"))).OrderBy(entry => (int)entry.Name).ToList();
        foreach (var i in Draw(entries.Count, count))
        {
            var damaged = Damage((byte[])entries[i].Value!, (byte[])entries[random.Next(entries.Count)].Value!, wasInFlight: true);
            await database.HashSetAsync(Key("inflight"), entries[i].Name, damaged.Bytes);
        }
    }

    public async Task BacklogAsync(int count)
    {
        var entries = await database.ListRangeAsync(Key("backlog"));
        foreach (var i in Draw(entries.Length, count))
        {
            var damaged = Damage((byte[])entries[i]!, (byte[])entries[random.Next(entries.Length)]!, wasInFlight: false);
            await database.ListSetByIndexAsync(Key("backlog"), i, damaged.Bytes);
        }
    }

    public RedisKey Key(string name) => $"reliable-mqtt:{{{publisherId}}}:{name}";

    // The first and the last are always among them: ends are where searches begin.
    private IEnumerable<int> Draw(int length, int count)
    {
        if (length < count + 2) throw new InvalidOperationException($"There are only {length} records where {count} should be damaged.");
        var middle = Enumerable.Range(1, length - 2).ToArray();
        random.Shuffle(middle);
        return middle.Take(count - 2).Append(0).Append(length - 1);
    }

    private DamagedRecord Damage(byte[] record, byte[] other, bool wasInFlight)
    {
        if (!RecordCodec.TryDecode(record, 1, out var decoded, out var problem)) throw new InvalidOperationException($"A record that nobody has damaged {problem}");
        if (!Payload.TryDecode(Encoding.UTF8.GetString(decoded.Payload.Span), out var number, out _)) throw new InvalidOperationException("A record has another payload.");
        var kind = Kinds[_records.Count % Kinds.Length];
        byte[] bytes;
        do bytes = _mutator.Mutate(kind, record, other);
        while (RecordCodec.TryDecode(bytes, 1, out _, out _)); // A sequence of which many bits are flipped is believed in one of 2,039 cases.
        var damaged = new DamagedRecord(number, decoded.MessageId, kind, bytes, wasInFlight);
        _records.Add(damaged);
        return damaged;
    }
}
