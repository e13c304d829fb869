using System.Text;
using Microsoft.Extensions.Time.Testing;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>
/// What every <see cref="AckLedger"/> must do. An implementation derives from it and says only how its objects are made; nothing here
/// looks behind the port. Each test has a publisher id of its own, so that all of them may run against one server.
/// </summary>
public abstract partial class AckLedgerConformance : IAsyncLifetime
{
    private readonly List<AckLedger> _opened = [];
    private AckLedger? _first;

    protected AckLedgerConformance()
    {
        Clock = HonoursTimeProvider ? new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)) : TimeProvider.System;
        Options = new LedgerOpenOptions { PublisherId = $"conformance-{Guid.NewGuid():N}", TimeProvider = Clock };
    }

    /// <summary>Makes the first ledger object of a test, on a store that has nothing of the test's publisher id.</summary>
    protected abstract ValueTask<AckLedger> CreateOnFreshStoreAsync();

    /// <summary>Makes one more ledger object on the store of the test: another process.</summary>
    protected abstract ValueTask<AckLedger> CreateOnSameStoreAsync();

    /// <summary>False when the ledger goes by a clock of its own: then the tests use short real times.</summary>
    protected virtual bool HonoursTimeProvider => true;

    /// <summary>True when the store survives <see cref="RestartStoreAsync"/> with all that it has answered.</summary>
    protected virtual bool CanRestartStore => false;

    /// <summary>Kills the store and starts it again. Ledger objects that are open must find back to it by themselves.</summary>
    protected virtual ValueTask RestartStoreAsync() => throw new NotSupportedException();

    /// <summary>True when the store can be made to lose its latest writes.</summary>
    protected virtual bool CanLoseWrites => false;

    /// <summary>Notes what the store has now. The answer takes it back there: everything since is lost, also to ledger objects that are open.</summary>
    protected virtual ValueTask<Func<ValueTask>> SaveStoreAsync() => throw new NotSupportedException();

    /// <summary>Everything is lost.</summary>
    protected virtual ValueTask WipeStoreAsync() => throw new NotSupportedException();

    /// <summary>The clock that the ledgers are opened with.</summary>
    protected TimeProvider Clock { get; }

    /// <summary>The options that the ledgers are opened with; a test changes them before it opens the first.</summary>
    protected LedgerOpenOptions Options { get; set; }

    /// <summary>A time that tests can let pass: short where it is a real one.</summary>
    protected TimeSpan ShortTime => HonoursTimeProvider ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(1);

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Ledgers keep times in whole milliseconds.
    protected DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(Clock.GetUtcNow().ToUnixTimeMilliseconds());

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var ledger in _opened.AsEnumerable().Reverse())
            if (await TryCheckFunnelAsync(ledger)) break;
        foreach (var ledger in _opened) await ledger.DisposeAsync();
        await DisposeStoreAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>At the end of every test: what came in is what has ended and what is there. False when this object cannot tell any more.</summary>
    private static async Task<bool> TryCheckFunnelAsync(AckLedger ledger)
    {
        LedgerStatistics counts;
        try
        {
            counts = await ledger.GetStatisticsAsync(Cancel);
        }
        catch (Exception error) when (error is LedgerUnavailableException or ObjectDisposedException or InvalidOperationException or LedgerNotFoundException)
        {
            return false;
        }

        var totals = counts.Totals!;
        Assert.Equal(totals.Accepted, totals.Confirmed + totals.Expired + totals.DeadLettered + totals.PutAside + counts.Backlog + counts.InFlight);
        return true;
    }

    /// <summary>Ends what the test's store needs, after its ledger objects.</summary>
    protected virtual ValueTask DisposeStoreAsync() => ValueTask.CompletedTask;

    /// <summary>Opens one more ledger object; the first one gets a fresh store.</summary>
    protected async Task<AckLedger> OpenAsync(LedgerOpenOptions? options = null)
    {
        var ledger = _first is null ? _first = await CreateOnFreshStoreAsync() : await CreateOnSameStoreAsync();
        _opened.Add(ledger);
        await ledger.OpenAsync(options ?? Options, Cancel);
        return ledger;
    }

    /// <summary>Opens one more ledger object and makes it the owner.</summary>
    protected async Task<LedgerOwner> OpenOwnerAsync() => await AcquireAsync(await OpenAsync());

    protected async Task<LedgerOwner> AcquireAsync(AckLedger ledger)
    {
        var grant = await ledger.AcquireAsync(Cancel);
        Assert.True(grant.Epoch is not null, $"the lease should be free, but {grant.Holder} has it");
        return await LedgerOwner.RecoverAsync(ledger, grant.Epoch.Value, Clock);
    }

    /// <summary>A new owner in another process, after the old one gave the lease back: it knows only what the store knows.</summary>
    protected async Task<LedgerOwner> TakeOverAsync(LedgerOwner old)
    {
        await old.Ledger.ReleaseAsync(old.Epoch, Cancel);
        return await OpenOwnerAsync();
    }

    protected async Task PassAsync(TimeSpan time)
    {
        if (Clock is FakeTimeProvider fake) fake.Advance(time);
        else await Task.Delay(time, Cancel);
    }

    protected LedgerRecord Message(string payload = "payload", string? id = null, int qos = 2) => new()
    {
        Topic = "plant/7/temperature",
        Payload = Encoding.UTF8.GetBytes(payload),
        QualityOfService = (MqttQualityOfServiceLevel)qos,
        MessageId = id is null ? default : new MessageId(id),
        AcceptedAt = Now,
    };

    protected LedgerRecord[] Messages(int count, string prefix = "m") =>
        [.. Enumerable.Range(0, count).Select(i => Message($"{prefix}{i}"))];

    protected static async Task<StatusAnswer> FindAsync(AckLedger ledger, MessageId messageId) =>
        Assert.Single(await ledger.FindAsync([messageId], Cancel));

    protected static async Task<AcceptAnswer> AcceptAsync(AckLedger ledger, LedgerRecord record) =>
        Assert.Single(await ledger.AcceptAsync([record], Cancel));

    protected static async Task AssertStatusAsync(AckLedger ledger, LedgerStatus expected, params MessageId[] messageIds)
    {
        var answers = await ledger.FindAsync(messageIds, Cancel);
        Assert.Equal(messageIds, answers.Select(answer => answer.MessageId));
        Assert.All(answers, answer => Assert.Equal(expected, answer.Status));
    }

    protected static async Task<LedgerRecord[]> BacklogAsync(AckLedger ledger) => [.. await ledger.ReadBacklogAsync(0, 1_000, Cancel)];

    protected static IEnumerable<string> Texts(IEnumerable<LedgerRecord> records) => records.Select(Text);

    protected static string Text(LedgerRecord record) => Encoding.UTF8.GetString(record.Payload.Span);
}
