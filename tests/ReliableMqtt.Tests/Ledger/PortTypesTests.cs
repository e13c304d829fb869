using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>The small types of the port.</summary>
public class PortTypesTests
{
    [Theory]
    [InlineData(1L, 5L, 2L, 0L)]
    [InlineData(2L, 0L, 2L, 1L)]
    public void A_send_order_is_by_sequence_then_by_ordinal(long sequence, long ordinal, long laterSequence, long laterOrdinal)
    {
        var (before, after) = (new SendOrder(sequence, ordinal), new SendOrder(laterSequence, laterOrdinal));
        Assert.Equal((true, true, false, false), (before < after, before <= after, before > after, before >= after));
        Assert.Equal((false, false, true, true), (after < before, after <= before, after > before, after >= before));
        var same = before with { };
        Assert.Equal((false, true, false, true), (before < same, before <= same, before > same, before >= same));
    }

    [Fact]
    public void Ledgers_are_opened_with_the_limits_that_are_written_beside_them()
    {
        var options = new LedgerOpenOptions { PublisherId = "p" };
        Assert.True(options.CreateIfMissing);
        Assert.Equal(TimeSpan.FromSeconds(10), options.LeaseDuration);
        Assert.Equal(TimeSpan.FromHours(1), options.DeduplicationWindow);
        Assert.Equal(1_000_000, options.MaxPending);
        Assert.Equal(512 * 1024 * 1024, options.MaxPendingBytes);
        Assert.Equal(10_000, options.MaxDeadLetters);
        Assert.Equal(TimeSpan.FromDays(14), options.DeadLetterRetention);
        Assert.Same(TimeProvider.System, options.TimeProvider);
    }

    [Fact]
    public void Of_a_record_that_cannot_be_read_no_attempts_are_known() => Assert.Equal(0, new PendingEntry { Problem = "is cut off" }.Attempts);

    [Fact]
    public async Task A_ledger_without_an_index_finds_a_dead_letter_in_its_pages()
    {
        var ledger = new ThreePages();
        Assert.Equal("c", (await ledger.FindDeadLetterAsync("c", TestContext.Current.CancellationToken))!.Record.MessageId);
        Assert.Equal([null, "1", "2"], ledger.Asked);
        ledger.Asked.Clear();
        Assert.Equal("b", (await ledger.FindDeadLetterAsync("b", TestContext.Current.CancellationToken))!.Record.MessageId);
        Assert.Equal([null, "1"], ledger.Asked);
        Assert.Null(await ledger.FindDeadLetterAsync("d", TestContext.Current.CancellationToken));
    }

    private sealed class ThreePages : NoLedger
    {
        public List<string?> Asked { get; } = [];

        public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken)
        {
            Asked.Add(continuation);
            Assert.True(Asked.Count < 10, "The pages never end.");
            var (id, next) = continuation switch { null => ("a", "1"), "1" => ("b", "2"), _ => ("c", null) };
            var record = new LedgerRecord { Topic = "t", QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce, MessageId = new MessageId(id) };
            return ValueTask.FromResult(new DeadLetterPage([new DeadLetter(record, new DeadLetterReason(DeadLetterCause.Poison), default)], next));
        }
    }
}
