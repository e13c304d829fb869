using System.Globalization;
using StackExchange.Redis;
using Testcontainers.Redis;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>
/// One Redis for many tests: the server that RELIABLEMQTT_TEST_REDIS names, or a container when an engine answers. Where neither is to be had, the
/// tests are skipped, also with CI=true: a container is no more than another place for what runs on redis-server anyway. Only who sets DOCKER_HOST has asked for it.
/// </summary>
public sealed class ContainerRedis : IAsyncLifetime
{
    private const string Image = "redis:7.0", Variable = "RELIABLEMQTT_TEST_REDIS";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // It begins again when it is killed, in the same container and so on the same port.
    private const string Forever = "while :; do redis-server --bind 0.0.0.0 --protected-mode no --appendonly yes --appendfsync always --save ''; done";

    private RedisContainer? _container;
    private string? _missing;
    private string _address = "";
    private string _description = "";

    /// <summary>True when the server is this fixture's own and may be killed.</summary>
    public bool CanRestart => _container is not null;

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            (_address, _description) = (named, $"the server that {Variable} names");
            return;
        }

        try
        {
            using var deadline = new CancellationTokenSource(Patience);
            var container = new RedisBuilder(Image).WithEntrypoint("/bin/sh", "-c", Forever).Build();
            _container = container;
            await container.StartAsync(deadline.Token);
            _address = container.GetConnectionString();
            _description = $"a container of {Image} at {_address}";
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _missing = $"No container of {Image} could be had, and {Variable} names no server: {error.Message}";
            await DisposeAsync();
        }
    }

    /// <summary>A configuration for StackExchange.Redis. Skips the test, or fails it, when there is no server; says in the test's output which one it is.</summary>
    public string Address()
    {
        if (_missing is not null) Require.Missing(_missing, isCi: Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 });
        TestContext.Current.TestOutputHelper?.WriteLine($"Redis: {_description}.");
        return _address;
    }

    /// <summary>Ends the server with SIGKILL and waits for the next one.</summary>
    public async Task RestartAsync()
    {
        var (life, processId) = await ReadAsync();
        var kill = await _container!.ExecAsync(["/bin/sh", "-c", $"kill -9 {processId.ToString(CultureInfo.InvariantCulture)}"], TestContext.Current.CancellationToken);
        Assert.True(kill.ExitCode == 0, kill.Stderr);
        await Eventually.Async(async () =>
        {
            try
            {
                return (await ReadAsync()).Life != life;
            }
            catch (RedisException)
            {
                return false;
            }
        }, "Redis answers again after its kill");
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is { } container) await container.DisposeAsync();
        _container = null;
    }

    private async Task<(string Life, int ProcessId)> ReadAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{_address},allowAdmin=true,connectTimeout=1000,connectRetry=1");
        var info = (await redis.GetServers()[0].InfoAsync("server")).SelectMany(group => group).ToDictionary();
        return (info["run_id"], int.Parse(info["process_id"], CultureInfo.InvariantCulture));
    }
}
