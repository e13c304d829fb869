using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>Sets of sequences as ranges: both ends of each are included.</summary>
public class SequenceRangesTests
{
    [Fact]
    public void Ranges_that_touch_are_one_and_a_gap_of_one_keeps_them_apart()
    {
        Assert.Equal([new(1, 5)], SequenceRanges.Merge([new(3, 5), new(1, 2)]));
        Assert.Equal([new(1, 2), new(4, 5)], SequenceRanges.Merge([new(1, 2), new(4, 5)]));
    }

    [Fact]
    public void What_is_left_of_a_range_begins_and_ends_where_the_others_do_not()
    {
        Assert.Equal([new(4, 10)], new SequenceRange(1, 10).Without([new(1, 3)]));
        Assert.Equal([new(10, 10)], new SequenceRange(1, 10).Without([new(1, 9)]));
        Assert.Equal([new(1, 1)], new SequenceRange(1, 10).Without([new(2, 10)]));
        Assert.Equal([], new SequenceRange(1, 10).Without([new(1, 10)]));
    }

    [Fact]
    public void Ranges_are_read_from_text_and_what_does_not_begin_with_a_digit_is_passed_over()
    {
        Assert.Equal([new(1, 3), new(10, 20)], SequenceRanges.Parse("1-3 u5-6 10-20 "));
        Assert.Empty(SequenceRanges.Parse(""));
        Assert.Empty(SequenceRanges.Parse("u1-2 "));
    }

    [Fact]
    public void A_sequence_is_found_at_both_ends_of_its_range_and_not_beside_it()
    {
        SequenceRange[] merged = [new(2, 3), new(5, 5), new(8, 10)];
        Assert.Equal([2, 3, 5, 8, 9, 10], Enumerable.Range(0, 13).Where(sequence => merged.Has(sequence)));
    }
}
