using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What the session remembers of its last writes, for how long, and how much of it.</summary>
public class RecentWritesTests
{
    private static readonly DateTimeOffset Begin = DateTimeOffset.UnixEpoch;
    private static readonly DeadLetterReason Reason = new(DeadLetterCause.Rejected, 0x87, null);

    private readonly RecentWrites _recent = new(1 << 20);

    [Fact]
    public void Of_nobody_else_nothing_was_taken()
    {
        _recent.Confirm(Record(1), 0, Begin);
        Assert.Empty(_recent.Taken);
    }

    [Fact]
    public void Everything_is_kept_for_a_while_and_then_let_go()
    {
        _recent.Append(Record(1), Begin);
        _recent.Confirm(Record(2, id: "a"), 0, Begin);
        _recent.GiveUp(Record(3, acceptor: 7), Reason, Begin);
        _recent.Expire(Record(4, acceptor: 8), Begin);
        _recent.Trim(Begin + RecentWrites.Kept);
        Assert.Equal((1, 2, 1, 2), (_recent.Appended.Count(), _recent.Finished.Count(), _recent.DeadLetters.Count(), _recent.Taken.Count()));

        _recent.Trim(Begin + RecentWrites.Kept + TimeSpan.FromTicks(1));
        Assert.Empty(_recent.Appended);
        Assert.Empty(_recent.Finished);
        Assert.Empty(_recent.DeadLetters);
        Assert.Equal(8ul, Assert.Single(_recent.Taken).Acceptor); // The last one may go on, and is not old before it has ended.
        Assert.Equal([3, 4], _recent.Unconfirmed);
    }

    [Fact]
    public void As_many_bytes_are_kept_as_were_allowed_and_the_latest_ones()
    {
        var recent = new RecentWrites(3 * Record(1).Size);
        for (var sequence = 1; sequence <= 5; sequence++) recent.Append(Record(sequence), Begin);
        Assert.Equal([3L, 4L, 5L], recent.Appended.Select(record => record.Sequence));
    }

    [Fact]
    public void Ids_that_have_ended_take_a_bounded_part_of_memory()
    {
        const int Length = 200;
        for (var i = 0; i < 60_000; i++) _recent.Confirm(Record(i + 1, id: i.ToString("D200", System.Globalization.CultureInfo.InvariantCulture)), 0, Begin);
        Assert.InRange(_recent.Finished.Count() * Length, 4 << 20, 8 << 20);
    }

    [Fact]
    public void A_confirm_needs_no_memory_unless_its_id_is_the_applications_or_of_another_sequence()
    {
        _recent.Confirm(Record(1), 0, Begin);
        Assert.Empty(_recent.Finished);
        _recent.GiveUp(Record(2), Reason, Begin);
        Assert.Equal([2], _recent.Unconfirmed);

        // The dead letter is sent once more, under the id that it had.
        _recent.Confirm(Record(5) with { MessageId = Record(2).MessageId }, 0x10, Begin);
        Assert.Empty(_recent.Unconfirmed);
        Assert.Equal((LedgerStatus.Confirmed, 5L, (byte?)0x10), Assert.Single(_recent.Finished) is var answer ? (answer.Status, answer.Sequence, answer.ReasonCode) : default);
    }

    [Fact]
    public void A_second_end_without_a_confirm_counts_for_both_sequences()
    {
        _recent.Expire(Record(5) with { MessageId = Record(2).MessageId }, Begin);
        Assert.Equal([2, 5], _recent.Unconfirmed);
    }

    [Fact]
    public void Messages_of_others_are_remembered_as_runs()
    {
        foreach (var number in new long[] { 1, 2, 3 }) _recent.Confirm(Record(number, acceptor: 7, number: number), 0, Begin);
        _recent.Confirm(Record(9), 0, Begin);
        _recent.Confirm(Record(4, acceptor: 7, number: 4), 0, Begin);
        Assert.Equal((7ul, 1L, 4), Assert.Single(_recent.Taken) is var run ? (run.Acceptor, run.FirstNumber, run.Count) : default);
        _recent.Confirm(Record(6, acceptor: 9, number: 1), 0, Begin);
        _recent.Confirm(Record(7, acceptor: 7, number: 6), 0, Begin);
        Assert.Equal([(7ul, 4), (9ul, 1), (7ul, 1)], _recent.Taken.Select(one => (one.Acceptor, one.Count)));
    }

    [Fact]
    public void Of_very_many_without_a_confirm_the_lowest_are_forgotten_and_that_is_said()
    {
        for (var sequence = 1; sequence <= 65_536; sequence++) _recent.Expire(Record(sequence), Begin);
        Assert.Equal(0, _recent.ForgottenUpTo);
        for (var sequence = 65_537; sequence <= 65_540; sequence++) _recent.Expire(Record(sequence), Begin);
        Assert.Equal((65_536, 4L), (_recent.Unconfirmed.Count, _recent.ForgottenUpTo));
        Assert.Equal(5, _recent.Unconfirmed.Min());

        // One that ends late does not take it back.
        _recent.Expire(Record(2), Begin);
        Assert.Equal(4, _recent.ForgottenUpTo);
    }

    private static LedgerRecord Record(long sequence, string? id = null, ulong acceptor = 0, long number = 1) => new()
    {
        Sequence = sequence,
        MessageId = id is null ? MessageId.ForSequence(1, sequence) : new MessageId(id),
        Topic = "t",
        QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
        Acceptor = acceptor,
        AcceptorNumber = acceptor == 0 ? 0 : number,
    };
}
