using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>What the memory ledger accepts again after a loss: of each message the place where it was found last is what the next loss is told by.</summary>
public class InMemoryAcceptorTests
{
    private static readonly DateTimeOffset At = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly InMemoryAcceptor _acceptor = new(7);

    private LedgerRecord AcceptFirst(string? id = null)
    {
        var record = _acceptor.Name(new LedgerRecord { Topic = "t", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, MessageId = id is null ? default : new MessageId(id) });
        record = record with { Sequence = 1, MessageId = id is null ? MessageId.ForSequence(1, 1) : record.MessageId };
        _acceptor.Keep(record, new AcceptAnswer(AcceptStatus.Accepted, record.MessageId, 1), At);
        return record;
    }

    private static InMemoryState Lost(long first, long last) => new() { Tail = last, Jumped = { new SequenceRange(first, last) } };

    private long[] AcceptedAgain(InMemoryState state, int life, DateTimeOffset at = default)
    {
        var before = state.Backlog.Count;
        _acceptor.Again(state, life, at == default ? At : at);
        return [.. Enumerable.Range(before, state.Backlog.Count - before).Select(i => state.Backlog[i].Sequence)];
    }

    [Fact]
    public void The_messages_of_an_acceptor_are_numbered_from_one()
    {
        Assert.Equal((7ul, 1L), AcceptFirst() is var first ? (first.Acceptor, first.AcceptorNumber) : default);
        Assert.Equal(2, AcceptFirst().AcceptorNumber);
    }

    [Fact]
    public void A_message_that_was_accepted_again_is_lost_with_its_new_sequence()
    {
        AcceptFirst();
        Assert.Equal([101], AcceptedAgain(Lost(1, 100), 1));
        Assert.Equal([201], AcceptedAgain(Lost(101, 200), 2));
    }

    [Fact]
    public void A_message_that_an_owner_had_is_lost_with_the_sequence_that_the_owner_had()
    {
        AcceptFirst();
        var had = Lost(1, 100);
        had.Taken.Add(new AcceptedRun(7, 1, 77, 1));
        Assert.Empty(AcceptedAgain(had, 1));
        Assert.Empty(AcceptedAgain(Lost(1, 76), 2));
        Assert.Equal([78], AcceptedAgain(Lost(77, 77), 3));
    }

    [Fact]
    public void A_message_that_the_store_has_is_lost_with_the_sequence_that_it_has_there()
    {
        AcceptFirst("id");
        var has = Lost(1, 100);
        has.Index.Keep(new StatusAnswer("id", LedgerStatus.Pending, 77));
        Assert.Empty(AcceptedAgain(has, 1));
        Assert.Empty(AcceptedAgain(Lost(1, 76), 2));
        Assert.Equal([78], AcceptedAgain(Lost(77, 77), 3));
    }

    [Fact]
    public void What_the_store_has_had_for_long_enough_is_not_kept()
    {
        AcceptFirst();
        AcceptedAgain(new InMemoryState(), 0, At + KeptAccepts.Time);
        Assert.True(_acceptor.IsIdle);
    }

    [Fact]
    public void After_a_loss_messages_are_not_kept_for_longer_than_before()
    {
        AcceptFirst();
        AcceptedAgain(Lost(1, 100), 1);
        AcceptedAgain(Lost(1, 100), 1, At + KeptAccepts.Time);
        Assert.True(_acceptor.IsIdle);
    }
}
