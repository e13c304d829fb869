using System.Text.Json;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Ledger;
using ReliableMqtt.Tests.Sqlite;

namespace ReliableMqtt.Tool.Tests;

/// <summary>The verbs on a ledger in a file, while its owner has it open.</summary>
public sealed class SqliteToolTests : IDisposable
{
    private const string PublisherId = "plant-7";

    private readonly SqliteFolder _folder = new();
    private readonly StringWriter _out = new(), _error = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Dispose();
        _out.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Every_verb()
    {
        await using var ledger = new SqliteAckLedger(_folder.File);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = PublisherId }, Cancel);
        var owner = await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, TimeProvider.System);
        var sent = await owner.SendAsync(1, Message("through"), Message("refused"), Message("pending"));
        await owner.ConfirmAsync(sent[0], 1);
        await owner.DeadLetterAsync(sent[1], 2);

        var status = await JsonAsync(ExitCode.Success, "status");
        Assert.Equal(("held", 1, 0, 1), (status.GetProperty("lease").GetProperty("state").GetString(), status.GetProperty("inFlight").GetInt32(),
            status.GetProperty("backlog").GetInt32(), status.GetProperty("deadLetters").GetInt32()));
        await RunAsync(ExitCode.Success, "status");
        Assert.Contains($"sqlite:{_folder.File}", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("synchronous=FULL", _out.ToString(), StringComparison.Ordinal);
        var receipts = (await JsonAsync(ExitCode.NotFound, "receipt", "through", "refused", "pending", "never")).GetProperty("receipts");
        Assert.Equal(["confirmed", "rejected", "pending", "unknown"], receipts.EnumerateArray().Select(receipt => receipt.GetProperty("outcome").GetString()));
        Assert.Equal(["pending"], Ids((await JsonAsync(ExitCode.Success, "pending")).GetProperty("pending")));
        Assert.Equal(["refused"], Ids((await JsonAsync(ExitCode.Success, "dead-letters")).GetProperty("deadLetters")));
        Assert.Empty((await JsonAsync(ExitCode.Success, "quarantine")).GetProperty("quarantine").EnumerateArray());
        Assert.Equal(1, (await JsonAsync(ExitCode.Success, "watch", "--count", "1")).GetProperty("inFlight").GetInt32());
        Assert.Equal(1, (await JsonAsync(ExitCode.Success, "replay", "refused")).GetProperty("replayed").GetInt32());
        Assert.Single(await ledger.ReadBacklogAsync(0, 10, Cancel));
        Assert.Equal(LeaseStatus.Held, (await ledger.RenewAsync(owner.Epoch, Cancel)).Status);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_not_made()
    {
        await RunAsync(ExitCode.NotFound, "status");
        Assert.Contains(_folder.File, _error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File));
    }

    [Fact]
    public async Task A_damaged_file_says_what_to_do()
    {
        await File.WriteAllTextAsync(_folder.File, "Dear diary, nothing of this is a database, and nothing ever was one. It goes on like this for a while.", Cancel);
        await RunAsync(ExitCode.Unreachable, "status");
        Assert.Contains(".recover", _error.ToString(), StringComparison.Ordinal);
    }

    private static LedgerRecord Message(string id) => new()
    {
        Topic = "plant/7/temperature",
        Payload = "payload"u8.ToArray(),
        QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce,
        MessageId = id,
        AcceptedAt = DateTimeOffset.UtcNow,
    };

    private static IEnumerable<string?> Ids(JsonElement items) => items.EnumerateArray().Select(item => item.GetProperty("messageId").GetString());

    private async Task<JsonElement> JsonAsync(int exitCode, params string[] args)
    {
        await RunAsync(exitCode, [.. args, "--json"]);
        return JsonDocument.Parse(_out.ToString()).RootElement;
    }

    private async Task RunAsync(int exitCode, params string[] args)
    {
        _out.GetStringBuilder().Clear();
        Assert.Equal(exitCode, await CommandLine.RunAsync([.. args, "--ledger", $"sqlite:{_folder.File}", "--publisher-id", PublisherId], new ToolHost { Out = _out, Error = _error }));
    }
}
