using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>What an acceptor keeps in case the store loses it: bounded in time and in bytes.</summary>
public class KeptAcceptsTests
{
    private static readonly DateTimeOffset At = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly SequenceRange All = new(1, long.MaxValue);
    private readonly KeptAccepts _kept = new();

    private static LedgerRecord Message(long sequence, int size = 100, string? id = null) => new()
    {
        Topic = "t",
        Payload = new byte[size - 65],
        QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
        MessageId = id is null ? MessageId.ForSequence(1, sequence) : new MessageId(id),
        Sequence = sequence,
    };

    private IEnumerable<long> Sequences() => LostIn(_kept, All);

    private static IEnumerable<long> LostIn(KeptAccepts kept, params SequenceRange[] ranges) => kept.Lost(ranges, new HashSet<KeptAccept>()).Select(one => one.Record.Sequence);

    [Fact]
    public void Numbers_begin_at_one_and_are_given_out_once()
    {
        Assert.Equal(1, _kept.TakeNumbers(1));
        Assert.Equal(2, _kept.TakeNumbers(3));
        Assert.Equal(5, _kept.TakeNumbers(1));
    }

    [Fact]
    public void It_is_empty_until_something_is_kept_and_when_that_was_let_go()
    {
        Assert.True(_kept.IsEmpty);
        _kept.Add(Message(1), At);
        Assert.False(_kept.IsEmpty);
        _kept.Trim(At + KeptAccepts.Time);
        Assert.True(_kept.IsEmpty);
    }

    [Fact]
    public void The_oldest_are_let_go_when_the_bytes_are_too_many()
    {
        var half = (int)(KeptAccepts.BytesAtMost / 2);
        _kept.Add(Message(1, half), At);
        _kept.Add(Message(2, half), At);
        _kept.Add(Message(3, 70), At);
        Assert.Equal([2, 3], Sequences());
    }

    [Fact]
    public void As_many_bytes_as_may_be_are_kept()
    {
        var half = (int)(KeptAccepts.BytesAtMost / 2);
        _kept.Add(Message(1, half), At);
        _kept.Add(Message(2, half), At);
        Assert.Equal([1, 2], Sequences());
    }

    [Fact]
    public void The_latest_is_kept_however_large_it_is()
    {
        _kept.Add(Message(1), At);
        _kept.Add(Message(2, (int)KeptAccepts.BytesAtMost + 1), At);
        Assert.Equal([2], Sequences());
    }

    [Fact]
    public void What_was_let_go_makes_room()
    {
        var most = (int)KeptAccepts.BytesAtMost;
        _kept.Add(Message(1, most), At);
        _kept.Trim(At + KeptAccepts.Time);
        _kept.Add(Message(2, 100), At);
        _kept.Add(Message(3, most - 100), At);
        Assert.Equal([2, 3], Sequences());
    }

    [Fact]
    public void A_message_is_kept_until_its_time_is_over()
    {
        Assert.Equal(TimeSpan.FromSeconds(5), KeptAccepts.Time);
        _kept.Add(Message(1), At);
        _kept.Add(Message(2), At.AddTicks(1));
        _kept.Trim(At + KeptAccepts.Time - TimeSpan.FromTicks(1));
        Assert.Equal([1, 2], LostIn(_kept, new SequenceRange(1, 10)));
        _kept.Trim(At + KeptAccepts.Time);
        Assert.Equal([2], LostIn(_kept, new SequenceRange(1, 11)));
    }

    [Fact]
    public void A_range_is_lost_once()
    {
        _kept.Add(Message(3), At);
        _kept.Add(Message(7), At);
        Assert.Equal([3], LostIn(_kept, new SequenceRange(1, 5)));
        Assert.Equal([7], LostIn(_kept, new SequenceRange(1, 5), new SequenceRange(6, 9)));
        Assert.Empty(LostIn(_kept, new SequenceRange(1, 5), new SequenceRange(6, 9)));
    }

    [Fact]
    public void What_was_to_be_asked_about_is_asked_about_though_no_range_has_it()
    {
        _kept.Add(Message(3), At);
        _kept.Add(Message(7), At);
        var asked = _kept.Lost([new SequenceRange(7, 7)], new HashSet<KeptAccept>());
        Assert.Equal(asked, _kept.Lost([], asked.ToHashSet()));
    }

    [Fact]
    public void When_all_is_lost_ids_of_the_application_stay_and_automatic_ones_and_sequences_go()
    {
        _kept.Add(Message(3), At);
        _kept.Add(Message(4, id: "mine"), At);
        _kept.LoseAll();
        var lost = _kept.Lost([], new HashSet<KeptAccept>());
        Assert.Equal([(default, 0L), ("mine", 0L)], lost.Select(kept => (kept.Record.MessageId, kept.Record.Sequence)));
    }

    [Fact]
    public void What_is_found_again_has_the_place_where_it_was_found()
    {
        _kept.Add(Message(3), At);
        _kept.LoseAll();
        Assert.Single(_kept.Lost([], new HashSet<KeptAccept>())).Found("found", 9);
        Assert.Empty(_kept.Lost([], new HashSet<KeptAccept>()));
        Assert.True(_kept.HasAny(new HashSet<MessageId> { "found" }));
        Assert.Equal([9], LostIn(_kept, new SequenceRange(9, 9)));
    }
}
