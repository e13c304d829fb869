using ReliableMqtt.Tests.Simulation.Engine;

namespace ReliableMqtt.Tests.Simulation;

/// <summary>Every way that a few messages can go, with a cut or a kill at every point. See docs/testing.md.</summary>
public class ExplorationTests(ITestOutputHelper output)
{
    [Fact]
    public void One_message_survives_any_three_things() => Explore([[2]], [1], 3, [false]);

    [Fact]
    public void Two_messages_survive_any_two_things() => Explore([[1, 1], [1, 2], [2, 1], [2, 2]], [1, 2], 2, [false, true]);

    [Fact]
    public void Three_messages_survive_any_two_things() => Explore([[2, 1, 2], [2, 2, 2]], [2], 2, [true]);

    [Fact]
    public void Three_messages_of_any_kind_survive_any_one_thing() =>
        Explore([.. Enumerable.Range(0, 8).Select(bits => new[] { 1 + (bits & 1), 1 + (bits >> 1 & 1), 1 + (bits >> 2) })], [1, 2], 1, [false, true]);

    [Fact]
    public void A_planted_bug_is_on_one_of_the_ways() =>
        Assert.Throws<ViolationException>(() => Exploration.Run([2], 1, 2, deliversAtPubRel: false, PlantedBug.ForgetsReleases));

    private void Explore(int[][] messages, int[] windows, int things, bool[] deliversAtPubRel)
    {
        var all = from qos in messages from window in windows from late in deliversAtPubRel select (qos, window, late);
        var ways = all.AsParallel().Sum(one => Exploration.Run(one.qos, one.window, things, one.late));
        output.WriteLine($"{ways} ways");
        Assert.True(ways > 1_000, $"only {ways} ways");
    }
}
