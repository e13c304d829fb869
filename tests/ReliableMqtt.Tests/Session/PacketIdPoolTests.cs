using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Proves that no packet id is given out while it is in use or in quarantine (conformance rows 1 and 4).</summary>
public class PacketIdPoolTests
{
    private const int All = PacketId.Max - PacketId.Min + 1;

    private static PacketId Id(int value) => new((ushort)value);

    private static PacketId Take(PacketIdPool pool)
    {
        Assert.True(pool.TryTake(out var id));
        return id;
    }

    [Fact]
    public void Ids_rotate_even_when_lower_ones_are_free()
    {
        var pool = new PacketIdPool();
        Assert.Equal(Id(1), Take(pool));
        pool.Free(Id(1));
        Assert.Equal(Id(2), Take(pool));
        Assert.Equal(Id(3), Take(pool));
        Assert.Equal(2, pool.InUse);
    }

    [Fact]
    [Conformance(1)]
    public void Row_1_every_id_is_given_out_once_then_there_is_none()
    {
        var pool = new PacketIdPool();
        for (var i = PacketId.Min; i <= PacketId.Max; i++) Assert.Equal(Id(i), Take(pool));

        Assert.Equal(All, pool.InUse);
        Assert.False(pool.TryTake(out var none));
        Assert.Equal(default, none);
        Assert.Equal(All, pool.InUse);

        pool.Free(Id(777));
        Assert.Equal(Id(777), Take(pool));
        Assert.False(pool.TryTake(out _));
    }

    [Fact]
    [Conformance(1)]
    public void Row_1_wrapping_skips_ids_in_use()
    {
        var pool = new PacketIdPool();
        for (var i = PacketId.Min; i <= PacketId.Max; i++)
        {
            var id = Take(pool);
            if (id.Value is not (1 or 2 or 64 or 65 or PacketId.Max)) pool.Free(id);
        }

        Assert.Equal(Id(3), Take(pool));
        for (var i = 4; i < 64; i++) Assert.Equal(Id(i), Take(pool));
        Assert.Equal(Id(66), Take(pool));
        pool.Free(Id(PacketId.Max));
        for (var i = 67; i <= PacketId.Max; i++) Assert.Equal(Id(i), Take(pool));
    }

    [Fact]
    [Conformance(1)]
    public void Reserved_ids_are_skipped_and_cannot_be_reserved_twice()
    {
        var pool = new PacketIdPool();
        pool.Reserve(Id(1));
        pool.Reserve(Id(3));
        pool.Reserve(Id(PacketId.Max));
        Assert.Equal(3, pool.InUse);
        Assert.Equal(Id(2), Take(pool));
        Assert.Equal(Id(4), Take(pool));
        Assert.Throws<InvalidOperationException>(() => pool.Reserve(Id(3)));
        Assert.Throws<InvalidOperationException>(() => pool.Reserve(Id(4)));
        Assert.Equal(5, pool.InUse);
    }

    [Fact]
    public void An_id_that_is_not_in_use_can_be_neither_freed_nor_quarantined()
    {
        var pool = new PacketIdPool();
        Assert.Throws<InvalidOperationException>(() => pool.Free(Id(5)));
        Assert.Throws<InvalidOperationException>(() => pool.Quarantine(Id(5)));
        pool.Reserve(Id(5));
        pool.Quarantine(Id(5));
        Assert.Throws<InvalidOperationException>(() => pool.Free(Id(5)));
        Assert.Throws<InvalidOperationException>(() => pool.Quarantine(Id(5)));
        Assert.Throws<InvalidOperationException>(() => pool.Reserve(Id(5)));
        Assert.Equal(0, pool.InUse);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(PacketId.Max + 1)]
    [InlineData(ushort.MaxValue)]
    public void Ids_outside_the_range_are_refused(int value)
    {
        var pool = new PacketIdPool();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Reserve(Id(value)));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Free(Id(value)));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Quarantine(Id(value)));
    }

    [Fact]
    public void A_pool_that_is_all_quarantine_gives_nothing_until_the_session_is_clean()
    {
        var pool = new PacketIdPool();
        while (pool.TryTake(out var id)) pool.Quarantine(id);
        Assert.Equal(0, pool.InUse);
        Assert.False(pool.TryTake(out _));

        pool.ReleaseQuarantine();
        for (var i = 0; i < All; i++) Take(pool);
        Assert.False(pool.TryTake(out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_behaves_as_a_plain_model_does(int seed)
    {
        var random = new Random(seed);
        var pool = new PacketIdPool();
        List<PacketId> held = [];
        HashSet<PacketId> inUse = [], quarantined = [];
        // Some of the runs fill the pool to the brim and empty it again, so that nearly full and nearly empty both occur.
        for (var step = 0; step < 300_000; step++)
        {
            var filling = step / 75_000 % 2 == 0;
            switch (random.Next(100))
            {
                case var n when n < (filling ? 95 : 5):
                    Assert.Equal(inUse.Count + quarantined.Count < All, pool.TryTake(out var id));
                    if (id == default) break;
                    Assert.InRange(id.Value, PacketId.Min, PacketId.Max);
                    if (!inUse.Add(id) || quarantined.Contains(id)) Assert.Fail($"Seed {seed}, step {step}: packet id {id} was not free.");
                    held.Add(id);
                    break;
                case 95:
                    var wanted = Id(random.Next(PacketId.Min, PacketId.Max + 1));
                    if (inUse.Contains(wanted) || quarantined.Contains(wanted)) Assert.Throws<InvalidOperationException>(() => pool.Reserve(wanted));
                    else
                    {
                        pool.Reserve(wanted);
                        inUse.Add(wanted);
                        held.Add(wanted);
                    }

                    break;
                case 96 when held.Count > 0:
                    var condemned = RemoveAny(held, random);
                    pool.Quarantine(condemned);
                    inUse.Remove(condemned);
                    quarantined.Add(condemned);
                    break;
                case 97 when random.Next(1_000) == 0:
                    pool.ReleaseQuarantine();
                    quarantined.Clear();
                    break;
                default:
                    if (held.Count == 0) break;
                    var done = RemoveAny(held, random);
                    pool.Free(done);
                    inUse.Remove(done);
                    break;
            }

            if (inUse.Count != pool.InUse) Assert.Fail($"Seed {seed}, step {step}: {pool.InUse} in use, {inUse.Count} expected.");
        }
    }

    private static PacketId RemoveAny(List<PacketId> held, Random random)
    {
        var at = random.Next(held.Count);
        var id = held[at];
        held[at] = held[^1];
        held.RemoveAt(held.Count - 1);
        return id;
    }
}
