using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

// Row 1 of the conformance checklist: no packet id that is in use is given out, over publishes and subscribes together.
public sealed class ClientPacketIdMapTests
{
    private readonly ClientPacketIdMap _map = new();

    [Fact]
    public void Ids_lie_above_those_of_publishes_and_map_back()
    {
        var wireId = _map.Take(1, ClientRequest.Subscribe);
        Assert.True(wireId > PacketId.Max);
        Assert.True(_map.TryReturn(wireId, ClientRequest.Subscribe, out var clientId));
        Assert.Equal(1, clientId);
        Assert.False(_map.TryReturn(wireId, ClientRequest.Subscribe, out _));
    }

    [Fact]
    public void An_answer_of_the_wrong_kind_frees_nothing()
    {
        var wireId = _map.Take(5, ClientRequest.Subscribe);
        Assert.False(_map.TryReturn(wireId, ClientRequest.Unsubscribe, out _));
        Assert.True(_map.TryReturn(wireId, ClientRequest.Subscribe, out _));
    }

    [Fact]
    [Conformance(1)]
    public void An_id_in_use_is_never_given_out_again()
    {
        var unanswered = _map.Take(1, ClientRequest.Subscribe);
        for (var i = 0; i < 20_000; i++)
        {
            var wireId = _map.Take((ushort)(i + 2), ClientRequest.Unsubscribe);
            Assert.NotEqual(unanswered, wireId);
            Assert.True(_map.TryReturn(wireId, ClientRequest.Unsubscribe, out _));
        }
    }

    [Fact]
    public void When_all_are_in_use_the_request_fails()
    {
        var taken = Enumerable.Range(0, 4096).Select(i => _map.Take((ushort)i, ClientRequest.Subscribe)).ToHashSet();
        Assert.Equal(4096, taken.Count);
        Assert.Throws<InvalidOperationException>(() => _map.Take(1, ClientRequest.Subscribe));
        Assert.True(_map.TryReturn(0xF123, ClientRequest.Subscribe, out _));
        Assert.Equal(0xF123, _map.Take(1, ClientRequest.Subscribe));
    }
}
