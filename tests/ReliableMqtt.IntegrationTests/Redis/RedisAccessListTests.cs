using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// A publisher with the rights of docs/redis.md; and what happens with less.
public sealed class RedisAccessListTests
{
    private static readonly DocumentedUser User = DocumentedUser.Read();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_publisher_works_from_its_start_to_the_next_process()
    {
        await using var redis = await User.StartServerAsync();
        await PublishAsync(User, redis, "Durable");
    }

    [Fact]
    public async Task Keys_and_channels_of_its_own_publisher_id_are_enough_and_those_of_another_are_refused()
    {
        var user = User.For(Rig.PublisherId);
        Assert.Contains($" ~reliable-mqtt:{{{Rig.PublisherId}}}:* &reliable-mqtt:{{{Rig.PublisherId}}}:* ", user.Line, StringComparison.Ordinal);
        await using var redis = await user.StartServerAsync();
        await PublishAsync(user, redis, "Durable");

        await using var other = new RedisAckLedger(user.Address(redis));
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(
            async () => await other.OpenAsync(new LedgerOpenOptions { PublisherId = "another" }, Cancel));
        Assert.Contains("was refused by the server and has changed nothing: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("NOPERM", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_CONFIG_GET_the_durability_is_unknown_and_all_else_works()
    {
        var user = User.Without("+config|get");
        await using var redis = await user.StartServerAsync();
        await PublishAsync(user, redis, "Unknown");

        await using var ledger = new RedisAckLedger(user.Address(redis));
        var durability = await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "asked" }, Cancel);
        Assert.Equal(LedgerDurabilityLevel.Unknown, durability.Level);
        Assert.Contains("CONFIG GET is not allowed", durability.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_ACL_DRYRUN_it_cannot_tell_whether_a_restart_keeps_what_scripts_write()
    {
        var user = User.Without("+acl|dryrun");
        await using var redis = await user.StartServerAsync();
        await PublishAsync(user, redis, "Unknown");

        // Logged in as the user that the server loads its file as, nothing has to be asked: that user has just run the scripts.
        await using var open = await RedisServer.StartAsync(new RedisSettings { ExtraLines = ["user default on nopass ~* &* +@all -acl|dryrun"] });
        await using var ledger = new RedisAckLedger(open.Address);
        Assert.Equal(LedgerDurabilityLevel.Durable, (await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "asked" }, Cancel)).Level);
    }

    // Such a server says "appendonly yes", "appendfsync always", and forgets at its restart all that scripts have written.
    [Theory]
    [InlineData("user default off")]
    [InlineData("user default off ~* &* +@all -rpush")]
    [InlineData("user default off ~others:* &* +@all")]
    public async Task A_default_user_that_may_not_write_is_not_durable(string line)
    {
        var user = User with { Default = line };
        await using var redis = await user.StartServerAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(user.Address(redis)));
        await rig.StartPublisherAsync();
        Assert.Contains("a restart of Redis may lose everything", Assert.Single(rig.LogEntries, entry => entry.Id == 3002).Text, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => rig.StartPublisherAsync(options => options with { RequireDurableLedger = true }));
    }

    [Fact]
    public async Task Without_SUBSCRIBE_it_works_and_says_that_nobody_can_wake_it()
    {
        var user = User.Without("+subscribe");
        await using var redis = await user.StartServerAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(user.Address(redis)));
        var publisher = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
        Assert.Contains(rig.LogEntries, entry => entry.Id == 3012);
    }

    [Theory]
    [InlineData("+eval")]
    [InlineData("+script|load")]
    public async Task Without_one_of_the_two_ways_to_bring_a_script_to_the_server_the_other_one_serves(string right)
    {
        var user = User.Without(right);
        await using var redis = await user.StartServerAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(user.Address(redis)));
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.PublishAll("m", 20);
        Assert.Equal(20, (await rig.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task Idle_connections_are_kept_alive()
    {
        await using var redis = await User.StartServerAsync();
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{redis.Address},{DocumentedUser.AdminLogin}");
        await using var ledger = new RedisAckLedger($"{User.Address(redis)},keepAlive=1,configCheckSeconds=600");
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "idle" }, Cancel);
        await Eventually.Async(async () => ((string)(await admin.GetDatabase().ExecuteAsync("INFO", "commandstats"))!).Contains("cmdstat_ping", StringComparison.Ordinal), "the client pings");
        Assert.Subset(DocumentedUser.Dispensable.ToHashSet(), DocumentedUser.Refused(await admin.GetDatabase().ExecuteAsync("ACL", "LOG")).ToHashSet());
    }

    [Fact]
    public async Task It_may_be_in_another_database_than_the_first_one()
    {
        await using var redis = await User.StartServerAsync();
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{redis.Address},{DocumentedUser.AdminLogin}");
        await using (var ledger = new RedisAckLedger($"{User.Address(redis)},defaultDatabase=2"))
            await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "third" }, Cancel);
        Assert.True(await admin.GetDatabase(2).KeyExistsAsync("reliable-mqtt:{third}:header"));
        Assert.False(await admin.GetDatabase(0).KeyExistsAsync("reliable-mqtt:{third}:header"));
    }

    [Theory]
    [InlineData("+evalsha")]
    [InlineData("+echo")]
    [InlineData("+info")]
    [InlineData("+hmget")]
    public async Task Without_one_of_the_others_nothing_is_stored_and_the_error_says_so(string right)
    {
        var user = User.Without(right);
        await using var redis = await user.StartServerAsync();
        await using var ledger = new RedisAckLedger(user.Address(redis));
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () =>
        {
            await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "less" }, Cancel);
            for (var i = 0; i < 2; i++) await ledger.GetStatisticsAsync(Cancel); // The first call of a script brings its text.
        });
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_not_repeated_in_the_text()
    {
        await using var redis = await User.StartServerAsync();
        await using var ledger = new RedisAckLedger($"{redis.Address},user=plant,password=mistyped-4711");
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(
            async () => await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "stranger" }, Cancel));
        Assert.Contains("Verify if the Redis password", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("mistyped-4711", error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Publishes at both levels, refuses one for good, replays it, and goes on in a second process; the server must have refused nothing that the library asked for.</summary>
    private static async Task PublishAsync(DocumentedUser user, RedisServer redis, string level)
    {
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{redis.Address},{DocumentedUser.AdminLogin}");
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(user.Address(redis)));
        var first = await rig.ConnectPublisherAsync();
        Assert.Contains($"redis, {level}", Assert.Single(rig.LogEntries, entry => entry.Id == 3008).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.LogEntries, entry => entry.Id == 3012);
        await first.PublishAll("a", 50, 1);
        var rule = rig.Tap.On(MQTTnet.Protocol.MqttControlPacketType.PubRec, TapAction.Drop);
        var pending = await first.Enqueue("kept", options: new PublishOptions { MessageId = "kept" });
        await rule.HitAsync();
        await rig.CrashAsync(first);

        var second = await rig.ConnectPublisherAsync();
        await second.PublishAll("b", 50);
        await second.FlushAsync(Cancel);
        Assert.Equal(PublishOutcome.Confirmed, (await second.Receipt(pending.MessageId)).Outcome);
        Assert.Equal(101, (await rig.DeliveriesAsync()).Count);
        await rig.AssertNothingStoredAsync();

        var refused = DocumentedUser.Refused(await admin.GetDatabase().ExecuteAsync("ACL", "LOG")).ToHashSet();
        Assert.Subset(DocumentedUser.Dispensable.ToHashSet(), refused);
    }
}
