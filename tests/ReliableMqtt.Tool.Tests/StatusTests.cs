using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tool.Tests;

/// <summary><c>status</c> and <c>receipt</c>.</summary>
public class StatusTests
{
    [Fact]
    public async Task Status_tells_people_who_owns_it_and_what_is_in_it()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message(), rig.Message(), rig.Message());
        await owner.DeadLetterAsync(sent[2], 3);
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established });
        rig.Clock.Advance(TimeSpan.FromSeconds(200));
        await owner.Ledger.RenewAsync(owner.Epoch, TestContext.Current.CancellationToken);
        rig.Clock.Advance(TimeSpan.FromSeconds(2.5));
        await owner.Ledger.AcceptAsync([.. Enumerable.Range(0, 1234).Select(_ => rig.Message())], TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Success, await rig.RunAsync("status"));
        Assert.Equal("", rig.Error);
        Assert.Equal("""
            publisher id    plant-7
            ledger          redis://test
            durability      process: The ledger is in memory: all of it is lost when this process ends.
            lease           held by a ledger object on this store, 7.5 s left
            session         established at the broker
            last operation  3
            tail            1,237
            in flight       2
            backlog         1,234
            pending bytes   117.1 KiB
            oldest          2030-01-01 12:00:00Z, 3 min ago
            dead letters    1
            quarantine      0
            counted         1,237 accepted, 0 confirmed, 0 expired, 1 dead letters, 0 put aside

            """, rig.Out);
    }

    [Fact]
    public async Task Status_tells_scripts_the_same()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        await owner.SendAsync(1, rig.Message());
        Assert.Equal(ExitCode.Success, await rig.RunAsync("status", "--json"));
        var json = rig.Json();
        Assert.Equal(("plant-7", "redis://test", "process"), (json.GetProperty("publisherId").GetString(), json.GetProperty("ledger").GetString(), json.GetProperty("durability").GetProperty("level").GetString()));
        var lease = json.GetProperty("lease");
        Assert.Equal(("held", "a ledger object on this store", 10.0), (lease.GetProperty("state").GetString(), lease.GetProperty("owner").GetString(), lease.GetProperty("remainingSeconds").GetDouble()));
        Assert.Equal(("none", 1, 1, 1, 0), (json.GetProperty("session").GetString(), json.GetProperty("lastOperation").GetInt64(), json.GetProperty("tail").GetInt64(), json.GetProperty("inFlight").GetInt64(), json.GetProperty("backlog").GetInt64()));
        Assert.Equal(rig.Clock.GetUtcNow(), json.GetProperty("oldestAcceptedAt").GetDateTimeOffset());
        var totals = json.GetProperty("totals");
        Assert.Equal((1, 0, 0, 0, 0), (totals.GetProperty("accepted").GetInt64(), totals.GetProperty("confirmed").GetInt64(), totals.GetProperty("expired").GetInt64(), totals.GetProperty("deadLettered").GetInt64(), totals.GetProperty("putAside").GetInt64()));
        Assert.Equal((0, 0), (json.GetProperty("deadLetters").GetInt64(), json.GetProperty("quarantined").GetInt64()));
        Assert.InRange(json.GetProperty("pendingBytes").GetInt64(), 1, 1_000);

        await owner.ConfirmAsync(new LedgerRecord { Topic = "", QualityOfService = default, Sequence = 1, MessageId = MessageId.ForSequence(owner.Nonce, 1) }, 1);
        await owner.Ledger.ReleaseAsync(owner.Epoch, TestContext.Current.CancellationToken);
        await rig.RunAsync("status", "--json");
        json = rig.Json();
        Assert.Equal("free", json.GetProperty("lease").GetProperty("state").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, json.GetProperty("oldestAcceptedAt").ValueKind);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, json.GetProperty("lease").GetProperty("owner").ValueKind);
    }

    [Theory]
    [InlineData(LeaseState.Free, "free: nobody dispatches")]
    [InlineData(LeaseState.Expired, "run out; last held by me\\u001B, and nobody has taken it since")]
    [InlineData(LeaseState.Grace, "kept for me\\u001B after a restart of the store, 1.3 s left")]
    public async Task Each_state_of_the_lease_has_its_words(LeaseState state, string words)
    {
        await using var rig = new ToolRig();
        await rig.OpenAsync();
        rig.Wrap = ledger => new FakeLedger(ledger) { Overview = new LedgerOverview(state, "me\u001b", TimeSpan.FromSeconds(1.26), 5, 6, BrokerSession.Condemned) };
        await rig.RunAsync("status");
        Assert.Contains("lease           " + words + "\n", rig.Out, StringComparison.Ordinal);
        Assert.Contains("session         condemned: ", rig.Out, StringComparison.Ordinal);
        Assert.Contains("oldest          none\n", rig.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_tells_what_is_true_of_each_message()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("waits"), rig.Message("through"), rig.Message("lonely"), rig.Message("refused"), rig.Message("given-up"));
        await owner.ConfirmAsync(sent[1], 2);
        await owner.ConfirmAsync(sent[2], 3, 0x10);
        await owner.DeadLetterAsync(sent[3], 4, new DeadLetterReason(DeadLetterCause.Rejected, 0x87));
        await owner.DeadLetterAsync(sent[4], 5, new DeadLetterReason(DeadLetterCause.SessionLost));

        Assert.Equal(ExitCode.Success, await rig.RunAsync("receipt", "through"));
        Assert.Equal("""
            ╭────────────┬───────────┬──────┬──────────────────────┬───────────────────╮
            │ Message id │ Outcome   │ Code │ Finished             │ Which means       │
            ├────────────┼───────────┼──────┼──────────────────────┼───────────────────┤
            │ through    │ confirmed │ 0x00 │ 2030-01-01 12:00:00Z │ the broker has it │
            ╰────────────┴───────────┴──────┴──────────────────────┴───────────────────╯

            """, rig.Out);

        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("receipt", "waits", "through", "lonely", "refused", "given-up", "never"));
        Assert.All(
            ["will be delivered", "the broker has it", "nobody subscribes", "the broker refused it", "given up without a refusal", "never accepted"],
            meaning => Assert.Contains(meaning, rig.Out, StringComparison.Ordinal));

        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("receipt", "waits", "refused", "never", "--json"));
        var receipts = rig.Json().GetProperty("receipts").EnumerateArray().ToList();
        Assert.Equal(["waits pending", "refused rejected", "never unknown"], receipts.Select(receipt => $"{receipt.GetProperty("messageId").GetString()} {receipt.GetProperty("outcome").GetString()}"));
        Assert.Equal((0x87, sent[3].Sequence, rig.Clock.GetUtcNow()), (receipts[1].GetProperty("reasonCode").GetInt32(), receipts[1].GetProperty("sequence").GetInt64(), receipts[1].GetProperty("finishedAt").GetDateTimeOffset()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, receipts[2].GetProperty("sequence").ValueKind);
        Assert.Equal(ExitCode.BadUsage, await rig.RunAsync("receipt", "bad\u0007id"));
        Assert.DoesNotContain('\a', rig.Error);
    }
}
