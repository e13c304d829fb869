using System.Buffers.Binary;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>Damages encoded records, each time in another way. Knows the offsets of <see cref="RecordCodec"/>.</summary>
internal sealed class RecordMutator(Random random)
{
    private const int SequenceAt = 1, LengthAt = 9, ChecksumAt = 13, FlagsAt = 17, Shortest = 20;

    /// <summary>A damaged copy, which differs from the record.</summary>
    /// <param name="how">What to do.</param>
    /// <param name="record">A good record.</param>
    /// <param name="other">Another one.</param>
    public byte[] Mutate(Mutation how, byte[] record, byte[] other)
    {
        while (true)
        {
            var mutated = how switch
            {
                Mutation.FlippedBits => Flip(record, () => random.Next(record.Length - (LengthAt - SequenceAt)) is var at && at < SequenceAt ? at : at + LengthAt - SequenceAt),
                Mutation.FlippedSequence => Flip(record, () => random.Next(SequenceAt, LengthAt)),
                Mutation.CutOff => record[..random.Next(record.Length)],
                Mutation.Extended => [.. record, .. Bytes(random.Next(1, 40))],
                Mutation.Spliced => Splice(record, other),
                Mutation.OtherVersion => WithVersion(record),
                _ => Reseal(record),
            };
            if (how == Mutation.FlippedSequence ? !mutated.AsSpan().SequenceEqual(record) : IsAnother(mutated, record) && IsAnother(mutated, other)) return mutated;
        }
    }

    // Not the same but for the sequence, which is not the record's own.
    private static bool IsAnother(ReadOnlySpan<byte> mutated, ReadOnlySpan<byte> record) => mutated.Length != record.Length
        || mutated.Length < LengthAt || mutated[0] != record[0] || !mutated[LengthAt..].SequenceEqual(record[LengthAt..]);

    private byte[] Flip(byte[] record, Func<int> draw)
    {
        var mutated = record.ToArray();
        for (var bits = random.Next(1, 9); bits > 0; bits--) mutated[draw()] ^= (byte)(1 << random.Next(8));
        return mutated;
    }

    // Cut at the same place in both, as when a block of the disk is another one's; or anywhere.
    private byte[] Splice(byte[] record, byte[] other)
    {
        var at = random.Next(1, record.Length);
        return [.. record[..at], .. other[Math.Min(random.Next(2) == 0 ? at : random.Next(other.Length), other.Length)..]];
    }

    private byte[] WithVersion(byte[] record)
    {
        var mutated = record.ToArray();
        do mutated[0] = (byte)random.Next(256);
        while (mutated[0] == RecordCodec.Version);
        return mutated;
    }

    private byte[] Reseal(byte[] record)
    {
        var mutated = record[..(random.Next(3) == 0 ? random.Next(Shortest, record.Length + 1) : record.Length)];
        for (var bytes = random.Next(1, 5); bytes > 0; bytes--) mutated[random.Next(FlagsAt, mutated.Length)] = (byte)random.Next(256);
        BinaryPrimitives.WriteInt32BigEndian(mutated.AsSpan(LengthAt), mutated.Length);
        var checksum = Crc32C.Append(Crc32C.Append(Crc32C.Append(Crc32C.Start, mutated.AsSpan(0, SequenceAt)), mutated.AsSpan(LengthAt..ChecksumAt)), mutated.AsSpan(FlagsAt));
        BinaryPrimitives.WriteUInt32BigEndian(mutated.AsSpan(ChecksumAt), Crc32C.Finish(checksum));
        return mutated;
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
