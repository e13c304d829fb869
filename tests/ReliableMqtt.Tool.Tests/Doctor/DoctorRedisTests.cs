using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tool.Doctor;
using StackExchange.Redis;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>The doctor on real redis-servers, each with something wrong.</summary>
public sealed class DoctorRedisTests
{
    private static readonly string[] Unlooked = ["broker"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_durable_server_with_a_ledger_is_well()
    {
        await using var redis = await RedisServer.StartAsync();
        await MakeLedgerAsync(redis.Address);
        var run = await RunAsync(redis);
        Assert.Equal(
            ["redis", "redis-version", "redis-role", "redis-appendonly", "redis-appendfsync", "redis-maxmemory-policy", "redis-replicas", "redis-rights", "clock", "ledger", "lease", "oldest-pending", "dead-letters", "quarantine"],
            run.Findings.Select(finding => finding.Check).Except(Unlooked));
        Assert.All(run.Findings.Where(finding => !Unlooked.Contains(finding.Check)), finding => Assert.Equal((finding.What, Level.Ok), (finding.What, finding.Level)));
        Assert.Equal(ExitCode.Success, run.Code);
    }

    [Fact]
    public async Task Redis_without_an_append_only_file_is_found()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendOnly = false });
        (await RunAsync(redis)).HasProblem("redis-appendonly", "appendonly is no, and there are no snapshots", "CONFIG SET appendonly yes");
    }

    [Fact]
    public async Task Allkeys_lru_is_found()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { MaxMemory = "64mb", MaxMemoryPolicy = "allkeys-lru" });
        (await RunAsync(redis)).HasProblem("redis-maxmemory-policy", "allkeys-lru, with maxmemory 64 MiB", "CONFIG SET maxmemory-policy noeviction");
    }

    [Theory]
    [InlineData("redis://:not-it@", "WRONGPASS")]
    [InlineData("redis://nobody:right@", "WRONGPASS")]
    [InlineData("redis://", "NOAUTH")]
    public async Task A_wrong_password_is_found(string credentials, string words)
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { ExtraLines = ["requirepass right"] });
        var run = await DoctorRun.RunAsync("--ledger", $"{credentials}127.0.0.1:{redis.Port}");
        run.HasProblem("redis-credentials", words, "Correct user and password");
        Assert.DoesNotContain("not-it", run.Text, StringComparison.Ordinal);
        Assert.Equal(["broker", "redis-credentials"], run.Findings.Select(finding => finding.Check));
        Assert.Equal(Level.Ok, (await DoctorRun.RunAsync("--ledger", $"redis://:right@127.0.0.1:{redis.Port}")).Of("redis").Level);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_found()
    {
        int port;
        await using (var redis = await RedisServer.StartAsync()) port = redis.Port;
        (await DoctorRun.RunAsync("--ledger", $"redis://127.0.0.1:{port}")).HasProblem("redis", "cannot be reached", "Start Redis");
    }

    [Fact]
    public async Task Each_second_may_be_lost_with_everysec_and_replicas_that_writes_need_are_missed()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendFsync = "everysec", ExtraLines = ["min-replicas-to-write 1"] });
        var run = await RunAsync(redis);
        Assert.Equal(Level.Warning, run.Of("redis-appendfsync").Level);
        run.HasProblem("redis-replicas", "0 replicas, min-replicas-to-write 1", "lower min-replicas-to-write");
    }

    [Fact]
    public async Task Each_right_that_the_documented_user_lacks_is_named()
    {
        var user = DocumentedUser.Read();
        await using var redis = await user.StartServerAsync();
        await using var admin = await redis.ConnectAsync();
        var probe = new RedisProbe(user.Address(redis));
        Assert.Equal([], await MissingAsync());

        // Without the first one nothing can be asked; without the second one the client library makes no connection.
        foreach (var right in RedisRights.Needed.Select(right => right.Name).Except(["acl|dryrun", "echo"]))
        {
            await SetUserAsync(admin, $"-{right}");
            Assert.Equal([$"{right} Command"], await MissingAsync());
            await SetUserAsync(admin, $"+{right}");
        }

        async Task<IEnumerable<string>> MissingAsync()
        {
            for (var looks = 1; ; looks++)
            {
                var look = await probe.LookAsync(DoctorRun.PublisherId, TimeProvider.System, Cancel);
                if (look.MissingRights is { } missing) return missing.Select(right => $"{right.Right.Name} {right.Kind}");
                Assert.True(looks < 5, look.Problem); // On a busy machine a new connection may come too late.
            }
        }
    }

    [Fact]
    public async Task The_documented_user_is_well_and_one_with_too_few_rights_is_found()
    {
        var user = DocumentedUser.Read();
        await using var redis = await user.StartServerAsync();
        await using var admin = await redis.ConnectAsync();
        await MakeLedgerAsync(user.Address(redis));
        var address = $"redis://{user.Address(redis)}";
        (await DoctorRun.RunAsync("--ledger", address)).IsWell(Level.Warning);
        await SetUserAsync(admin, "-hset", "-subscribe");
        (await DoctorRun.RunAsync("--ledger", address)).HasProblem("redis-rights", "lacks +subscribe +hset", "ACL SETUSER plant +subscribe +hset");
        await SetUserAsync(admin, "+hset", "+subscribe", "resetkeys", "resetchannels", "~other:*");
        (await DoctorRun.RunAsync("--ledger", address)).HasProblem("redis-rights", "~reliable-mqtt:* &reliable-mqtt:*", "ACL SETUSER plant ~reliable-mqtt:*");
        await SetUserAsync(admin, "-acl|dryrun");
        Assert.Equal(Level.Warning, (await DoctorRun.RunAsync("--ledger", address)).Of("redis-rights").Level);
    }

    [Fact]
    public async Task A_running_publisher_is_not_disturbed_and_none_of_its_keys_is_touched()
    {
        await using var plant = await RedisPlant.StartAsync();
        await using var connection = await plant.ConnectAsync();
        var before = await KeysAsync(connection);
        Assert.NotEmpty(before);
        var run = await DoctorRun.RunAsync("--ledger", plant.Ledger);
        Assert.Contains("held by process", run.Of("lease").What, StringComparison.Ordinal);
        Assert.Equal(Level.Warning, run.Of("dead-letters").Level);
        Assert.Equal(before, await KeysAsync(connection));
    }

    private static Task<DoctorRun> RunAsync(RedisServer redis) => DoctorRun.RunAsync("--ledger", $"redis://127.0.0.1:{redis.Port}");

    private static async Task MakeLedgerAsync(string address)
    {
        await using var ledger = new RedisAckLedger(address);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = DoctorRun.PublisherId }, Cancel);
    }

    private static Task<RedisResult> SetUserAsync(ConnectionMultiplexer admin, params object[] rules) => admin.GetDatabase().ExecuteAsync("ACL", ["SETUSER", "plant", .. rules]);

    // All but the lease, which its owner renews.
    private static async Task<Dictionary<string, string>> KeysAsync(ConnectionMultiplexer connection)
    {
        var all = new Dictionary<string, string>();
        foreach (var key in connection.GetServer(connection.GetEndPoints()[0]).Keys(pattern: "*").Where(key => !key.ToString().EndsWith(":lease", StringComparison.Ordinal)))
            all[key.ToString()] = Convert.ToHexString((await connection.GetDatabase().KeyDumpAsync(key))!);
        return all;
    }
}
