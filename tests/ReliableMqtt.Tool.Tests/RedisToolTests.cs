using System.Text.Json;

namespace ReliableMqtt.Tool.Tests;

/// <summary>Every verb on a real ledger in Redis that a real publisher has filled.</summary>
public sealed class RedisToolTests : IDisposable
{
    private readonly StringWriter _out = new(), _error = new();

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Every_verb_for_people_and_for_scripts()
    {
        await using var plant = await RedisPlant.StartAsync();
        await ReadAsync(plant);
        await ChangeAsync(plant);
        Assert.DoesNotContain(RedisPlant.Password, _out.ToString() + _error, StringComparison.Ordinal);
        Assert.DoesNotContain("top secret", _out.ToString() + _error, StringComparison.Ordinal);

        var shown = (await JsonAsync(plant, ExitCode.Success, "pending", "--payload")).GetProperty("pending")[0];
        Assert.Equal("top secret"u8.ToArray(), shown.GetProperty("payload").GetBytesFromBase64());
        Assert.Contains("top secret", await TextAsync(plant, ExitCode.Success, "pending", "--payload"), StringComparison.Ordinal);
    }

    private async Task ReadAsync(RedisPlant plant)
    {
        var status = await TextAsync(plant, ExitCode.Success, "status");
        Assert.Contains($"held by process {Environment.ProcessId} on {Environment.MachineName}, ", status, StringComparison.Ordinal);
        Assert.Contains($"redis://127.0.0.1:{plant.Redis.Port},password=*****", status, StringComparison.Ordinal);
        Assert.Contains("durable: redis ", status, StringComparison.Ordinal);
        var json = await JsonAsync(plant, ExitCode.Success, "status");
        Assert.Equal(("held", "established", 0, 5, 2, 1), (json.GetProperty("lease").GetProperty("state").GetString(), json.GetProperty("session").GetString(), json.GetProperty("inFlight").GetInt32(),
            json.GetProperty("backlog").GetInt32(), json.GetProperty("deadLetters").GetInt32(), json.GetProperty("quarantined").GetInt32()));
        Assert.Equal(9, json.GetProperty("tail").GetInt64());

        Assert.Contains("the broker has it", await TextAsync(plant, ExitCode.Success, "receipt", "through"), StringComparison.Ordinal);
        json = await JsonAsync(plant, ExitCode.NotFound, "receipt", "through", "refused", plant.RefusedAutomatically, "waiting-0", "waiting-2", "never");
        Assert.Equal(["confirmed", "rejected", "rejected", "pending", "unknown", "unknown"], json.GetProperty("receipts").EnumerateArray().Select(receipt => receipt.GetProperty("outcome").GetString()));
        Assert.Equal(0x87, json.GetProperty("receipts")[1].GetProperty("reasonCode").GetInt32());

        Assert.Contains("plant/5/alarm", await TextAsync(plant, ExitCode.Success, "pending"), StringComparison.Ordinal);
        Assert.Contains("There is more: --after ", await TextAsync(plant, ExitCode.Success, "pending", "--limit", "2"), StringComparison.Ordinal);
        json = await JsonAsync(plant, ExitCode.Success, "pending", "--limit", "3");
        Assert.Equal(["waiting-0", "waiting-1", "waiting-3"], Ids(json.GetProperty("pending")));
        json = await JsonAsync(plant, ExitCode.Success, "pending", "--after", json.GetProperty("nextAfter").GetString()!);
        Assert.Equal(["waiting-4", "waiting-5"], Ids(json.GetProperty("pending")));

        Assert.Contains("forbidden/alarm", await TextAsync(plant, ExitCode.Success, "dead-letters"), StringComparison.Ordinal);
        json = await JsonAsync(plant, ExitCode.Success, "dead-letters", "--limit", "1");
        Assert.Equal(["refused"], Ids(json.GetProperty("deadLetters")));
        Assert.Equal(("rejected", 0x87), (json.GetProperty("deadLetters")[0].GetProperty("cause").GetString(), json.GetProperty("deadLetters")[0].GetProperty("reasonCode").GetInt32()));
        json = await JsonAsync(plant, ExitCode.Success, "dead-letters", "--after", json.GetProperty("nextAfter").GetString()!);
        Assert.Equal([plant.RefusedAutomatically], Ids(json.GetProperty("deadLetters")));
        await TextAsync(plant, ExitCode.NotFound, "dead-letters", "--topic", "plant/#");

        json = await JsonAsync(plant, ExitCode.Success, "watch", "--count", "1");
        Assert.Equal((5, 2, 1, "durable"), (json.GetProperty("pending").GetInt32(), json.GetProperty("deadLetters").GetInt32(), json.GetProperty("quarantined").GetInt32(), json.GetProperty("durability").GetString()));
        Assert.Contains($" lease=held owner=process {Environment.ProcessId} on ", await TextAsync(plant, ExitCode.Success, "watch", "--count", "1"), StringComparison.Ordinal);

        Assert.Contains("checksum", await TextAsync(plant, ExitCode.Success, "quarantine"), StringComparison.Ordinal);
        var kept = Assert.Single((await JsonAsync(plant, ExitCode.Success, "quarantine")).GetProperty("quarantine").EnumerateArray());
        Assert.Equal((1, "backlog", ""), (kept.GetProperty("number").GetInt32(), kept.GetProperty("place").GetString(), kept.GetProperty("field").GetString()));
        Assert.InRange(kept.GetProperty("bytes").GetInt32(), 50, 100);
    }

    private async Task ChangeAsync(RedisPlant plant)
    {
        Assert.Equal("replayed=1 already-live=0 not-found=0 full=0\n", await TextAsync(plant, ExitCode.Success, "replay", "--topic", "+/alarm", "--reason-code", "0x87", "--cause", "rejected"));
        Assert.Equal("pending", (await JsonAsync(plant, ExitCode.Success, "receipt", "refused")).GetProperty("receipts")[0].GetProperty("outcome").GetString());
        Assert.Equal(1, (await JsonAsync(plant, ExitCode.NotFound, "replay", "refused")).GetProperty("alreadyLive").GetInt32());
        Assert.Equal(1, (await JsonAsync(plant, ExitCode.Success, "purge", plant.RefusedAutomatically)).GetProperty("purged").GetInt32());
        Assert.Equal("purged", (await JsonAsync(plant, ExitCode.Success, "receipt", plant.RefusedAutomatically)).GetProperty("receipts")[0].GetProperty("outcome").GetString());
        Assert.Equal("purged=0 not-found=0\n", await TextAsync(plant, ExitCode.NotFound, "purge", "--all", "--yes"));
        Assert.Equal("There is no such dead letter.\n", await TextAsync(plant, ExitCode.Success, "dead-letters"));
        Assert.Equal(6, (await JsonAsync(plant, ExitCode.Success, "status")).GetProperty("backlog").GetInt32());
    }

    [Fact]
    public async Task A_mistyped_publisher_id_makes_no_key_and_a_server_that_is_gone_is_3()
    {
        await using var plant = await RedisPlant.StartAsync();
        await using var connection = await plant.ConnectAsync();
        foreach (var verb in new string[][] { ["status"], ["receipt", "x"], ["pending"], ["dead-letters"], ["quarantine"], ["replay", "x"], ["purge", "--all", "--yes"], ["watch"] })
            Assert.Equal(ExitCode.NotFound, await RunAsync([.. verb, "--ledger", plant.Ledger, "--publisher-id", "plant-8"]));
        Assert.Equal(ExitCode.Success, await RunAsync("doctor", "--ledger", plant.Ledger, "--publisher-id", "plant-8"));
        Assert.Contains("there is no ledger of publisher id 'plant-8'", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, (int)await connection.GetDatabase().ScriptEvaluateAsync("return #redis.call('KEYS', 'reliable-mqtt:{plant-8}:*')"));

        Assert.Equal(ExitCode.Unreachable, await RunAsync("status", "--publisher-id", "plant-7", "--ledger", $"redis://:wr0ng-{RedisPlant.Password}@127.0.0.1:{plant.Redis.Port}"));
        Assert.Contains("password", _error.ToString(), StringComparison.Ordinal);
        await plant.Redis.KillAsync();
        Assert.Equal(ExitCode.Unreachable, await RunAsync("status", "--publisher-id", "plant-7", "--ledger", plant.Ledger + ",connectTimeout=500"));
        Assert.DoesNotContain(RedisPlant.Password, _out.ToString() + _error, StringComparison.Ordinal);
    }

    private static IEnumerable<string?> Ids(JsonElement items) => items.EnumerateArray().Select(item => item.GetProperty("messageId").GetString());

    private async Task<JsonElement> JsonAsync(RedisPlant plant, int code, params string[] args) => JsonDocument.Parse(await TextAsync(plant, code, [.. args, "--json"])).RootElement;

    private async Task<string> TextAsync(RedisPlant plant, int code, params string[] args)
    {
        var before = _out.GetStringBuilder().Length;
        var exit = await RunAsync([.. args, "--ledger", plant.Ledger, "--publisher-id", RedisPlant.PublisherId]);
        Assert.True(code == exit, $"{string.Join(' ', args)} ended with {exit}: {_error}");
        return _out.ToString()[before..].ReplaceLineEndings("\n");
    }

    private Task<int> RunAsync(params string[] args) => CommandLine.RunAsync(args, new ToolHost { Out = _out, Error = _error, IsInteractive = false, Width = null, Variable = _ => null });
}
