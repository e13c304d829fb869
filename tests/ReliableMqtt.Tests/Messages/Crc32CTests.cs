using System.Globalization;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Holds the checksum of records to the vectors of RFC 3720 §B.4, so that other programs can check them too.</summary>
public class Crc32CTests
{
    public static TheoryData<string, byte[]> Vectors => new()
    {
        { "8a9136aa", new byte[32] },
        { "62a8ab43", [.. Enumerable.Repeat((byte)0xFF, 32)] },
        { "46dd794e", [.. Enumerable.Range(0, 32).Select(i => (byte)i)] },
        { "113fdb5c", [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))] },
        { "e3069283", "123456789"u8.ToArray() },
        { "00000000", [] },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void It_is_that_of_the_standard(string expected, byte[] bytes) => Assert.Equal(expected, Of(bytes).ToString("x8", CultureInfo.InvariantCulture));

    [Fact]
    public void Parts_that_are_appended_one_after_the_other_give_the_same_as_all_at_once()
    {
        var bytes = new byte[100];
        new Random(7).NextBytes(bytes);
        var whole = Of(bytes);
        for (var first = 0; first <= bytes.Length; first++)
            for (var second = first; second <= bytes.Length; second++)
            {
                var crc = Crc32C.Append(Crc32C.Start, bytes.AsSpan(0, first));
                crc = Crc32C.Append(crc, bytes.AsSpan(first, second - first));
                Assert.Equal(whole, Crc32C.Finish(Crc32C.Append(crc, bytes.AsSpan(second))));
            }
    }

    private static uint Of(ReadOnlySpan<byte> bytes) => Crc32C.Finish(Crc32C.Append(Crc32C.Start, bytes));
}
