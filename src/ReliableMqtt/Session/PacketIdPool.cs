using System.Numerics;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>
/// Gives out packet ids of <see cref="PacketId.Min"/> … <see cref="PacketId.Max"/>, never one that is in use (MQTT 5 §2.2.1, MQTT 3.1.1 §2.3.1).
/// </summary>
/// <remarks>
/// The cursor goes round instead of taking the lowest free id: an id then rests as long as possible before it is used again, which keeps a late
/// ack from meeting a new message. Three sets, one bit an id: free, in use, quarantined.
/// </remarks>
internal sealed class PacketIdPool
{
    private const int Count = PacketId.Max - PacketId.Min + 1;

    // Bit i of these stands for packet id PacketId.Min + i. An id whose bit is set in either set is not given out.
    private readonly ulong[] _inUse = new ulong[(Count + 63) / 64];
    private readonly ulong[] _quarantined = new ulong[(Count + 63) / 64];
    private int _cursor;
    private int _quarantinedCount;

    /// <summary>How many ids handshakes hold; quarantined ones are not counted.</summary>
    public int InUse { get; private set; }

    /// <summary>Takes the next free id after the one taken last, round and round. False when there is none.</summary>
    public bool TryTake(out PacketId id)
    {
        id = default;
        if (InUse + _quarantinedCount == Count) return false;
        var index = NextFree();
        Set(_inUse, index);
        InUse++;
        _cursor = index + 1 == Count ? 0 : index + 1;
        id = new PacketId((ushort)(index + PacketId.Min));
        return true;
    }

    /// <summary>Takes this very id, for a handshake that is restored from the ledger.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not one of the pool's.</exception>
    /// <exception cref="InvalidOperationException">It is in use or in quarantine: two handshakes claim it.</exception>
    public void Reserve(PacketId id)
    {
        var index = IndexOf(id);
        if (Has(_inUse, index) || Has(_quarantined, index))
            throw new InvalidOperationException($"Packet id {id} cannot be reserved: it is {(Has(_inUse, index) ? "in use" : "in quarantine")}.");
        Set(_inUse, index);
        InUse++;
    }

    /// <summary>Gives an id back.</summary>
    /// <exception cref="InvalidOperationException">It is not in use.</exception>
    public void Free(PacketId id)
    {
        var index = IndexOf(id);
        if (!Has(_inUse, index)) throw new InvalidOperationException($"Packet id {id} cannot be freed: it is not in use.");
        Clear(_inUse, index);
        InUse--;
    }

    /// <summary>
    /// Takes an id in use out of circulation: the broker says that it is in use there, by a handshake that nothing here knows (0x91).
    /// Only a clean session ends that.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is not in use.</exception>
    public void Quarantine(PacketId id)
    {
        var index = IndexOf(id);
        if (!Has(_inUse, index)) throw new InvalidOperationException($"Packet id {id} cannot be quarantined: it is not in use.");
        Clear(_inUse, index);
        InUse--;
        Set(_quarantined, index);
        _quarantinedCount++;
    }

    /// <summary>The broker has begun a clean session and holds no ids: the quarantined ones are free again.</summary>
    public void ReleaseQuarantine()
    {
        Array.Clear(_quarantined);
        _quarantinedCount = 0;
    }

    /// <summary>The first free index at or after the cursor, going round. There is one: the caller has counted.</summary>
    private int NextFree()
    {
        var word = _cursor >> 6;
        var mask = ulong.MaxValue << (_cursor & 63);
        while (true)
        {
            var free = ~(_inUse[word] | _quarantined[word]) & mask;
            var index = (word << 6) + BitOperations.TrailingZeroCount(free);
            // The bits of the last word that stand for no id look free; the range check passes them over.
            if (free != 0 && index < Count) return index;
            word = word + 1 == _inUse.Length ? 0 : word + 1;
            mask = ulong.MaxValue;
        }
    }

    private static int IndexOf(PacketId id)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(id.Value, PacketId.Min, nameof(id));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id.Value, PacketId.Max, nameof(id));
        return id.Value - PacketId.Min;
    }

    private static bool Has(ulong[] set, int index) => (set[index >> 6] >> (index & 63) & 1) != 0;

    private static void Set(ulong[] set, int index) => set[index >> 6] |= 1UL << (index & 63);

    private static void Clear(ulong[] set, int index) => set[index >> 6] &= ~(1UL << (index & 63));
}
