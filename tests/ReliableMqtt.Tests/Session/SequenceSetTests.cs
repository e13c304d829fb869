using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

public class SequenceSetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_is_the_set_of_what_was_added(int seed)
    {
        var (random, set, expected) = (new Random(seed), new SequenceSet(), new SortedSet<long>());
        for (var i = 0; i < 400; i++)
        {
            var sequence = random.NextInt64(1, 300);
            set.Add(sequence);
            expected.Add(sequence);
            if (i % 20 != 0) continue;
            Assert.Equal(expected, set.Ranges.SelectMany(range => Enumerable.Range((int)range.First, (int)(range.Last - range.First + 1)).Select(n => (long)n)));
            Assert.All(set.Ranges.Zip(set.Ranges.Skip(1)), pair => Assert.True(pair.First.Last + 1 < pair.Second.First));
            foreach (var n in Enumerable.Range(0, 301)) Assert.Equal(expected.Contains(n), set.Ranges.Has(n));
        }
    }

    [Fact]
    public void Of_very_many_ranges_the_lowest_are_let_go()
    {
        var set = new SequenceSet();
        for (var i = 1; i <= 5_000; i++) set.Add(2 * i);
        Assert.Equal(4_096, set.Ranges.Count);
        Assert.Equal(new SequenceRange(10_000, 10_000), set.Ranges[^1]);
        Assert.False(set.Ranges.Has(2));
    }

    [Fact]
    public void What_is_left_of_a_range_is_what_the_others_do_not_have()
    {
        var merged = SequenceRanges.Merge([new(7, 9), new(1, 2), new(3, 4), new(9, 12), new(20, 19)]);
        Assert.Equal([new(1, 4), new(7, 12)], merged);
        Assert.Equal([new(5, 6), new(13, 15)], new SequenceRange(2, 15).Without(merged));
        Assert.Equal([], new SequenceRange(8, 12).Without(merged));
        Assert.Equal([new(13, 20)], new SequenceRange(13, 20).Without(merged));
    }
}
