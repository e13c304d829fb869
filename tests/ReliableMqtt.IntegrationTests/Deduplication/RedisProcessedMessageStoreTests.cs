using ReliableMqtt.Deduplication;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Deduplication;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Deduplication;

/// <summary>The conformance suite on a redis-server for each test, and what is special about this store.</summary>
public sealed class RedisProcessedMessageStoreTests : ProcessedMessageStoreConformance
{
    private RedisServer? _server;

    protected override bool HonoursTimeProvider => false;

    protected override bool CanRestartStore => true;

    protected override int ModelSteps => 2_000;

    protected override async ValueTask<ProcessedMessageStore> CreateOnFreshStoreAsync(ProcessedMessageWindow window)
    {
        _server ??= await RedisServer.StartAsync();
        return (await CreateOnSameStoreAsync(window))!;
    }

    protected override ValueTask<ProcessedMessageStore?> CreateOnSameStoreAsync(ProcessedMessageWindow window) =>
        ValueTask.FromResult<ProcessedMessageStore?>(new RedisProcessedMessageStore(_server!.Address, "conformance", window));

    protected override async ValueTask RestartStoreAsync() => await _server!.RestartAsync();

    protected override ValueTask DisposeStoreAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task Receivers_of_different_names_handle_every_message_for_themselves()
    {
        var store = await OpenAsync();
        await using var other = new RedisProcessedMessageStore(_server!.Address, "another");
        await ProcessAsync(store, Key());
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(other, Key(), "b"));
    }

    [Fact]
    public async Task Every_key_expires_and_has_a_name_that_the_access_list_allows()
    {
        var store = await OpenAsync();
        await ProcessAsync(store, Key());
        await ClaimAsync(store, Key("held"), "a");
        await using var connection = await _server!.ConnectAsync();
        var keys = connection.GetServers()[0].Keys().ToList();
        Assert.Equal(3, keys.Count);
        foreach (var key in keys)
        {
            Assert.StartsWith("reliable-mqtt:receiver:{conformance/", (string?)key, StringComparison.Ordinal);
            Assert.NotNull(await connection.GetDatabase().KeyTimeToLiveAsync(key));
        }
    }

    [Fact]
    public async Task What_it_keeps_is_bounded_also_where_nothing_expires()
    {
        var store = await OpenAsync(new ProcessedMessageWindow { MaxEntries = 50 });
        await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => ProcessAsync(store, Key($"m{i}"))));
        await using var connection = await _server!.ConnectAsync();
        var database = connection.GetDatabase();
        foreach (var key in connection.GetServers()[0].Keys())
            Assert.Equal(50, await database.KeyTypeAsync(key) == RedisType.Hash ? await database.HashLengthAsync(key) : await database.ListLengthAsync(key));
    }

    [Fact]
    public async Task A_full_server_refuses_a_claim_and_takes_a_mark()
    {
        _server = await RedisServer.StartAsync();
        var store = await OpenAsync();
        await ClaimAsync(store, Key("held"), "a");
        await using var connection = await _server.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ClaimAsync(store, Key("new"), "a"));
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, Key("held"), "a"));
    }

    [Fact]
    public async Task A_server_that_is_away_is_unavailable_and_found_again()
    {
        var store = await OpenAsync();
        await ProcessAsync(store, Key());
        await _server!.KillAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ClaimAsync(store, Key(), "b"));
        await _server.StartAgainAsync();
        await Eventually.Async(async () =>
        {
            try
            {
                return await ClaimAsync(store, Key(), "b") == ClaimStatus.AlreadyProcessed;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }, "the store finds Redis again");
    }
}
