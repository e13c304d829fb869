using ReliableMqtt.Tests.Simulation.Engine;

namespace ReliableMqtt.Tests.Simulation;

/// <summary>Every way that a few messages can go, with a cut or a kill at every point. See docs/testing.md.</summary>
public class ExplorationTests(ITestOutputHelper output)
{
    [Fact]
    public void One_message_survives_any_three_things()
    {
        var ways = Sum([[1], [2]], [1], 3);
        output.WriteLine($"{ways} ways");
    }

    [Fact]
    public void Two_messages_survive_any_two_things()
    {
        var ways = Sum([[1, 2], [2, 2]], [1, 2], 2);
        output.WriteLine($"{ways} ways");
    }

    [Fact]
    public void Three_messages_survive_any_one_thing()
    {
        var ways = Sum([.. Enumerable.Range(0, 8).Select(bits => new[] { 1 + (bits & 1), 1 + (bits >> 1 & 1), 1 + (bits >> 2) })], [1, 2], 1);
        output.WriteLine($"{ways} ways");
    }

    [Fact]
    public void A_planted_bug_is_on_one_of_the_ways() =>
        Assert.Throws<ViolationException>(() => Exploration.Run([2], 1, 2, deliversAtPubRel: false, PlantedBug.ForgetsReleases));

    private static int Sum(int[][] messages, int[] windows, int things)
    {
        var all = from qos in messages from window in windows from late in new[] { false, true } select (qos, window, late);
        return all.AsParallel().Sum(one => Exploration.Run(one.qos, one.window, things, one.late));
    }
}
