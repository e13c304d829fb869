using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>
/// While a slot is on its way a node looks for the key of each command within a script, and fails the command when the key has gone: also one that the script itself has just emptied,
/// and what it wrote before stays. So a commit must not begin there, even when the node has all keys that it works with.
/// </summary>
public sealed class RedisSlotOnItsWayTests
{
    private const string PublisherId = "on-its-way";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Key(string name) => $"reliable-mqtt:{{{PublisherId}}}:{name}";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_empties_a_key_and_fills_it_again_waits_until_the_slot_is_there(bool tellsIds)
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var ledger = new RedisAckLedger(cluster.Address);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = PublisherId }, Cancel);
        var owner = await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, TimeProvider.System);
        var sent = Assert.Single(await owner.SendAsync(1, Message("sent")));
        await owner.CommitAsync(commit => commit with { Releases = [new ReleaseOp(new PacketId(1), 1)], Appends = owner.Stamp((Message("waits"), null)) });
        var (node, other) = (await cluster.OwnerAsync(Key("header")), 0);
        while (other == node) other++;
        foreach (var hash in new[] { "ids", "done-0", "done-1", "dead" }) await cluster.ExecuteAsync(node, "HSET", Key(hash), "other", "C 1 0 1");
        foreach (var set in new[] { "dead-order", "ended" }) await cluster.ExecuteAsync(node, "ZADD", Key(set), "1", "other");

        var slot = (int)await cluster.ExecuteAsync(node, "CLUSTER", "KEYSLOT", Key("header"));
        await cluster.ExecuteAsync(other, "CLUSTER", "SETSLOT", slot, "IMPORTING", (string)(await cluster.ExecuteAsync(node, "CLUSTER", "MYID"))!);
        await cluster.ExecuteAsync(node, "CLUSTER", "SETSLOT", slot, "MIGRATING", (string)(await cluster.ExecuteAsync(other, "CLUSTER", "MYID"))!);
        var commit = owner.Next() with
        {
            Confirms = [LedgerOwner.Confirm(sent, 1)],
            Assigns = [new AssignOp(2, new PacketId(2))],
            Appends = owner.Stamp((Message("new", tellsIds ? "named" : null), null)),
            LowestUnfinished = 2,
        };
        var waits = await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.CommitAsync(commit, Cancel));
        Assert.Contains("TRYAGAIN", waits.Message, StringComparison.Ordinal);

        foreach (var each in new[] { node, other }) await cluster.ExecuteAsync(each, "CLUSTER", "SETSLOT", slot, "STABLE");
        Assert.Equal(CommitStatus.Applied, (await ledger.CommitAsync(commit, Cancel)).Status);
        var entry = Assert.Single((await ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight);
        Assert.Equal((new PacketId(2), 2L), (entry.PacketId, entry.Record.Sequence));
        Assert.Equal(3, Assert.Single(await ledger.ReadBacklogAsync(0, 10, Cancel)).Sequence);
    }

    private static LedgerRecord Message(string payload, string? id = null) => new()
    {
        Topic = "t",
        Payload = System.Text.Encoding.UTF8.GetBytes(payload),
        QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.ExactlyOnce,
        MessageId = id is null ? default : new MessageId(id),
        AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_000),
    };
}
