using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Proves the order of packet ids and the border between ours and those of SUBSCRIBE and UNSUBSCRIBE.</summary>
public class PacketIdTests
{
    [Fact]
    public void Ids_compare_by_number()
    {
        PacketId low = new(9), high = new(10);
        Assert.True(low < high && low <= high && high > low && high >= low);
        Assert.False(low > high || low >= high || high < low || high <= low);
        Assert.Equal([low, high], new[] { high, low }.Order());
        Assert.Equal("10", high.ToString());
    }

    [Fact]
    public void Ids_are_left_for_subscribe_and_unsubscribe()
    {
        Assert.Equal(1, PacketId.Min);
        Assert.Equal(61_439, PacketId.Max);
        Assert.True(ushort.MaxValue - PacketId.Max >= 4_096);
    }
}
