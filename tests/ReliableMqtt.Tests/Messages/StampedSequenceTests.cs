using System.Buffers.Binary;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

public class StampedSequenceTests
{
    private static readonly long[] Some = [1, 2, 2038, 2039, 2040, 4711, uint.MaxValue, 1L + uint.MaxValue, 123_456_789_012_345, (1L << 53) - 1];

    [Fact]
    public void It_comes_back()
    {
        foreach (var sequence in Some) Assert.Equal(sequence, Read(Stamp(sequence)));
    }

    [Fact]
    public void One_and_two_flipped_bits_are_always_found()
    {
        foreach (var sequence in Some)
        {
            var stamped = Stamp(sequence);
            for (var i = 0; i < 64; i++)
                for (var j = i; j < 64; j++)
                    Assert.Null(Read(stamped ^ (1ul << i) ^ (i == j ? 0 : 1ul << j)));
        }
    }

    [Fact]
    public void Of_other_damage_hardly_any_is_believed()
    {
        const int seed = 4711, rounds = 200_000;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var believed = 0;
        for (var i = 0; i < rounds; i++) believed += Read((ulong)random.NextInt64()) is null ? 0 : 1;
        Assert.InRange(believed, 1, rounds / 1_500);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ulong.MaxValue)]
    public void What_was_never_stamped_is_none(ulong bytes) => Assert.Null(Read(bytes));

    [Fact]
    public void The_bytes_sort_as_the_sequences_do() => Assert.Equal(Some, Some.Reverse().OrderBy(Stamp));

    private static ulong Stamp(long sequence)
    {
        Span<byte> bytes = stackalloc byte[StampedSequence.Size];
        StampedSequence.Write(bytes, sequence);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    private static long? Read(ulong stamped)
    {
        Span<byte> bytes = stackalloc byte[StampedSequence.Size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, stamped);
        return StampedSequence.TryRead(bytes, out var sequence) ? sequence : null;
    }
}
