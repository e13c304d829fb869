using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>Messages of acceptors in runs.</summary>
public class AcceptedRunTests
{
    [Fact]
    public void Runs_are_merged_where_acceptor_number_and_sequence_go_on()
    {
        var merged = AcceptedRun.Merge([new(9, 5, 18, 1), new(9, 2, 14, 3), new(7, 1, 10, 2), new(9, 1, 13, 1), new(7, 3, 12, 1)]);
        Assert.Equal([new(7, 1, 10, 3), new(9, 1, 13, 4), new(9, 5, 18, 1)], merged);
        Assert.Empty(AcceptedRun.Merge([]));
    }

    [Theory]
    [InlineData(7ul, 3L, 12L, true)]
    [InlineData(8ul, 3L, 12L, false)]
    [InlineData(7ul, 4L, 12L, false)]
    [InlineData(7ul, 3L, 13L, false)]
    [InlineData(8ul, 3L, 13L, false)]
    public void A_run_is_followed_by_one_that_goes_on_in_everything(ulong acceptor, long number, long sequence, bool expected) =>
        Assert.Equal(expected, new AcceptedRun(7, 1, 10, 2).IsFollowedBy(new AcceptedRun(acceptor, number, sequence, 5)));

    [Theory]
    [InlineData(7ul, 4L, 0L)]
    [InlineData(7ul, 5L, 10L)]
    [InlineData(7ul, 7L, 12L)]
    [InlineData(7ul, 8L, 0L)]
    [InlineData(8ul, 5L, 0L)]
    public void The_sequence_of_a_message_is_told_from_its_number(ulong acceptor, long number, long expected) =>
        Assert.Equal(expected, new AcceptedRun(7, 5, 10, 3).SequenceOf(acceptor, number));
}
