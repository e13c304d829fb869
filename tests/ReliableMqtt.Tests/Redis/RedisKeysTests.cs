using System.Reflection;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>All keys of a publisher id are in one slot of a cluster, and two ids share none.</summary>
public class RedisKeysTests
{
    private static readonly string[] Ids =
        ["p", "{", "}", "{}", "%", "%7B", "%7D", "%25", "a{b}c", "a{b", "b", "a}b", "{p}", "p}:header", "p:header", "}:x{", "acceptor:x", "p ", "Ä", "日本", "a/b+c#"];

    public static TheoryData<string> AllIds => [.. Ids];

    [Theory]
    [MemberData(nameof(AllIds))]
    public void The_hash_tag_is_the_whole_id(string id)
    {
        foreach (var key in KeysOf(id)) Assert.Equal(id, Uri.UnescapeDataString(HashTag(key)));
    }

    [Theory]
    [MemberData(nameof(AllIds))]
    public void Every_key_begins_with_the_name_that_an_access_list_allows(string id) =>
        Assert.All(KeysOf(id), key => Assert.StartsWith("reliable-mqtt:{", key, StringComparison.Ordinal));

    [Fact]
    public void No_key_is_used_twice_by_one_id_or_by_two()
    {
        var all = Ids.SelectMany(KeysOf).ToArray();
        Assert.Equal(18 * Ids.Length, all.Length);
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void An_ordinary_id_stands_in_its_keys_as_it_is() => Assert.Equal("reliable-mqtt:{plant-7}:ids", (string?)new RedisKeys("plant-7").Ids);

    private static IEnumerable<string> KeysOf(string id)
    {
        var keys = new RedisKeys(id);
        foreach (var property in typeof(RedisKeys).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            yield return property.GetValue(keys) switch
            {
                RedisKey key => (string)key!,
                RedisChannel channel => (string)channel!,
                var other => throw new NotSupportedException($"What is {property.Name}, {other}?"),
            };
        yield return (string)keys.Acceptor("0123")!;
        yield return (string)keys.Staged(new LedgerEpoch("1:0123"))!;
    }

    // As the cluster specification has it: what is between the first { and the first } behind it, unless that is nothing.
    private static string HashTag(string key)
    {
        var start = key.IndexOf('{', StringComparison.Ordinal) + 1;
        var end = key.IndexOf('}', start);
        Assert.True(start > 0 && end > start, $"{key} has no hash tag.");
        return key[start..end];
    }
}
