using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>What stands in the file beside the database.</summary>
public class OwnerMarkerTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void It_comes_back_as_it_was_and_no_flipped_bit_passes(bool isFull, bool isClean)
    {
        var marker = new OwnerMarker(0x1122334455667788, 4711, isFull, isClean, 99);
        var bytes = new byte[OwnerMarker.Size];
        marker.Write(bytes);
        Assert.Equal(marker, OwnerMarker.Read(bytes));
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(OwnerMarker.Read(bytes));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(true, false, 1, 2, false)]
    [InlineData(false, true, 1, 2, false)]
    [InlineData(false, false, 1, 1, false)]
    [InlineData(false, false, 1, 2, true)]
    [InlineData(false, false, 0, 0, true)]
    public void Only_what_was_not_waited_for_can_be_lost_and_only_with_another_start_of_the_machine(bool isFull, bool isClean, ulong boot, ulong now, bool expected) =>
        Assert.Equal(expected, new OwnerMarker(1, 1, isFull, isClean, boot).MayHaveLost(now));

    [Fact]
    public void A_machine_that_does_not_name_its_starts_has_0() => Assert.Equal(0UL, OwnerMarker.ReadBoot("/there/is/no/such/file"));
}
