using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>All keys of a receiver and a publisher are in one slot of a cluster, and no two pairs of names share any.</summary>
public class ReceiverKeysTests
{
    private static readonly string[] Names = ["p", "", "{", "}", "%", "%2F", "/", "a/b", "a%2Fb", "b", "{p}", "p}:done", "}:x{", "Ä", "日本"];

    [Fact]
    public void No_key_is_used_by_two_pairs_of_names()
    {
        var all = (from receiver in Names.Where(name => name.Length > 0) from publisher in Names from key in KeysOf(receiver, publisher) select key).ToArray();
        Assert.Equal((Names.Length - 1) * Names.Length * 4, all.Length);
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all, key => Assert.StartsWith("reliable-mqtt:receiver:{", key, StringComparison.Ordinal));
    }

    [Fact]
    public void All_keys_of_a_pair_have_its_hash_tag()
    {
        foreach (var publisher in Names)
        {
            var keys = new ReceiverKeys("r", publisher);
            Assert.All(KeysOf("r", publisher), key => Assert.Equal(keys.HashTag, key[(key.IndexOf('{', StringComparison.Ordinal) + 1)..key.IndexOf('}', StringComparison.Ordinal)]));
        }
    }

    [Fact]
    public void Ordinary_names_stand_in_the_keys_as_they_are_and_message_ids_do_not()
    {
        var keys = new ReceiverKeys("stock", "plant-7");
        Assert.Equal("reliable-mqtt:receiver:{stock/plant-7}:done", (string?)keys.Done);
        Assert.Matches("^reliable-mqtt:receiver:{stock/plant-7}:claim:[0-9A-F]{32}$", (string?)keys.Claim("alarm-4711"));
    }

    private static string[] KeysOf(string receiver, string publisher)
    {
        var keys = new ReceiverKeys(receiver, publisher);
        return [(string)keys.Done!, (string)keys.Order!, (string)keys.Claim("x")!, (string)keys.Claim("y")!];
    }
}
