using System.Security.Cryptography.X509Certificates;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>TLS and the user of docs/redis.md on one server: as a ledger on a network of others should be set up.</summary>
public sealed class RedisTlsTests : IDisposable
{
    private static readonly DocumentedUser User = DocumentedUser.Read();

    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task A_publisher_works_with_a_server_whose_authority_the_application_trusts()
    {
        await using var redis = await StartServerAsync("127.0.0.1");
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(Configuration(redis, _authority.Root)));
        var publisher = await rig.ConnectPublisherAsync(options => options with { RequireDurableLedger = true });
        await publisher.PublishAll("before", 50);
        await redis.RestartAsync();
        await publisher.PublishAll("after", 50);
        await publisher.FlushAsync(Cancel);
        Assert.Equal(100, (await rig.DeliveriesAsync()).Count);
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task A_slow_handshake_comes_to_its_end()
    {
        await using var redis = await StartServerAsync("127.0.0.1");
        await using var proxy = CuttingProxy.Start(redis.Port);
        var configuration = Configuration(redis, _authority.Root);
        configuration.EndPoints.Clear();
        configuration.EndPoints.Add("127.0.0.1", proxy.Port);
        await using var ledger = new RedisAckLedger(configuration);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "slow" }, Cancel);

        proxy.Latency = TimeSpan.FromMilliseconds(600); // Longer than the time between two attempts to connect.
        proxy.Cut();
        await Eventually.Async(async () =>
        {
            try
            {
                await ledger.GetStatisticsAsync(Cancel);
                return true;
            }
            catch (LedgerUnavailableException)
            {
                return false;
            }
        }, "there is a connection again");
    }

    [Fact]
    public async Task A_configuration_as_a_string_asks_the_machine_which_authorities_it_trusts()
    {
        await using var redis = await StartServerAsync("127.0.0.1");
        await AssertRefusedAsync(new RedisAckLedger($"{User.Address(redis)},ssl=true"), "certificate");
    }

    [Fact]
    public async Task Another_authority_is_refused()
    {
        using var other = new TestAuthority();
        await using var redis = await StartServerAsync("127.0.0.1");
        await AssertRefusedAsync(new RedisAckLedger(Configuration(redis, other.Root)), "certificate");
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused()
    {
        await using var redis = await StartServerAsync("redis.example");
        await AssertRefusedAsync(new RedisAckLedger(Configuration(redis, _authority.Root)), "certificate");
    }

    [Fact]
    public async Task Without_TLS_nobody_gets_in()
    {
        await using var redis = await StartServerAsync("127.0.0.1");
        await AssertRefusedAsync(new RedisAckLedger(User.Address(redis)), "reset");
    }

    private Task<RedisServer> StartServerAsync(string host) =>
        RedisServer.StartAsync(new RedisSettings { Certificate = _authority.Issue(host), ExtraLines = User.ServerLines });

    private static ConfigurationOptions Configuration(RedisServer redis, X509Certificate2 authority)
    {
        var options = ConfigurationOptions.Parse($"{User.Address(redis)},ssl=true,connectRetry=1");
        options.TrustIssuer(authority);
        return options;
    }

    private static async Task AssertRefusedAsync(RedisAckLedger ledger, string words)
    {
        await using var disposed = ledger;
        await Eventually.Async(async () =>
        {
            var error = await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "tls" }, Cancel));
            Assert.Contains("has changed nothing, since there is no connection to Redis", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
            TestContext.Current.TestOutputHelper?.WriteLine(error.Message);
            return error.Message.Contains(words, StringComparison.Ordinal); // Not while a connection is still being tried.
        }, "the reason is told");
    }
}
