using System.Diagnostics;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Verbs.Full;

/// <summary>One policy: fill, look at what callers get, let the broker come back, and count.</summary>
/// <param name="run">The run.</param>
/// <param name="policy">What callers should get.</param>
/// <param name="byAcceptor">True: they call a publisher that only accepts, and another one sends.</param>
internal sealed class FullRound(Run run, OverflowPolicy policy, bool byAcceptor)
{
    private const int Callers = 16, PayloadSize = 1_000, AfterDrain = 1_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    // How long a caller waits for room in vain; and what an answer may take beyond that, the wait for a processor included.
    private static readonly TimeSpan InVain = TimeSpan.FromSeconds(3), Slack = TimeSpan.FromSeconds(3);

    private readonly History _history = new();
    private readonly List<Refusal> _refusals = [];
    private readonly List<Task> _answers = [];
    private readonly string _leg = $"{policy}{(byAcceptor ? ", acceptor" : "")}".ToLowerInvariant();
    private long _last;

    public async Task ExecuteAsync()
    {
        await using var site = await Site.StartAsync(run, new RedisSettings { MaxMemory = run.IsQuick ? "8mb" : "64mb" });
        await using var connection = await site.Redis.ConnectAsync();
        site.Proxy.Refuses = true;
        await using var owner = await ReliablePublisher.StartAsync(site.Options("full") with { Overflow = policy }, run.Stop);
        if (!await Patience.UntilAsync(() => owner.Status.IsOwner, Limit, run.Stop)) throw new TimeoutException("Nobody gets the lease.");
        await using var acceptor = byAcceptor ? await ReliablePublisher.StartAsync(site.Options("full") with { Overflow = policy, AcceptOnly = true }, run.Stop) : null;
        var publisher = acceptor ?? owner;

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => FillAsync(publisher)));
        var stored = _history.Count(Event.Accepted);
        run.Report.Say($"{_leg}: {stored:N0} messages accepted until Redis was full, {_refusals.Count} refused");
        run.Report.Require($"{_leg}: accepted before it was full", stored > 1_000, $"{stored}", $"more than 1000");
        CheckRefusals();

        // Those who wait long enough get their room, since confirms are taken at maxmemory too.
        var waiting = policy == OverflowPolicy.Wait ? Enumerable.Range(0, Callers).Select(_ => EnqueueAsync(publisher, Limit)).ToList() : [];
        if (waiting.Count > 0)
        {
            await Task.WhenAny(Task.WhenAny(waiting), Task.Delay(InVain, run.Stop));
            run.Report.RequireEqual($"{_leg}: callers that wait for room while there is none", waiting.Count(call => !call.IsCompleted), Callers);
        }

        site.Proxy.Refuses = false;
        await Task.WhenAll(waiting);
        run.Report.RequireEqual($"{_leg}: waiting callers that got room", waiting.Count(call => call.Result is null), waiting.Count);
        await AcceptAgainAsync(publisher);
        await DrainAsync(site, publisher, await EvictedAsync(connection), stored);
    }

    // Until the first refusal.
    private async Task FillAsync(ReliablePublisher publisher)
    {
        while (!run.Stop.IsCancellationRequested && await EnqueueAsync(publisher, InVain) is null)
        {
        }
    }

    private async Task AcceptAgainAsync(ReliablePublisher publisher)
    {
        var (accepted, started) = (0, Stopwatch.GetTimestamp());
        while (accepted < AfterDrain)
        {
            if (await EnqueueAsync(publisher, Limit) is null) accepted++;
            else if (policy == OverflowPolicy.Wait || Stopwatch.GetElapsedTime(started) > Limit) break;
            else await Task.Delay(TimeSpan.FromMilliseconds(20), run.Stop); // An application that is refused comes back.
        }

        run.Report.RequireEqual($"{_leg}: accepted when the broker was back", accepted, AfterDrain);
    }

    private async Task DrainAsync(Site site, ReliablePublisher publisher, long evicted, int stored)
    {
        var started = Stopwatch.GetTimestamp();
        var flushed = await Patience.EndsAsync(publisher.FlushAsync(run.Stop), Limit, run.Stop);
        run.Report.Require($"{_leg}: everything comes to its end", flushed, $"{(flushed ? "yes" : "not in time")}", $"yes");
        var accepted = _history.Count(Event.Accepted);
        await Patience.EndsAsync(Task.WhenAll(_answers), Limit, run.Stop);
        await Patience.ReachesAsync(() => site.Counter!.Count, accepted, TimeSpan.FromSeconds(10), run.Stop);
        DeliveryReport.Require(run.Report, _leg, DeliveryCheck.Of(_history.Snapshot(), DeliveryReport.Counts(site.Counter!.Deliveries)));
        run.Report.RequireEqual($"{_leg}: keys evicted by Redis", evicted, 0);
        var name = $"{(byAcceptor ? "acceptor_" : "")}{policy}".ToLowerInvariant();
        run.Report.Figure($"{name}_accepted_until_full", stored);
        run.Report.Figure($"{name}_accepted", accepted);
        run.Report.Figure($"{name}_refused", _refusals.Count);
        run.Report.Figure($"{name}_longest_refusal_s", _refusals.Count == 0 ? 0 : _refusals.Max(refusal => refusal.After.TotalSeconds));
        run.Report.Figure($"{name}_drain_s", Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private void CheckRefusals()
    {
        run.Report.Require($"{_leg}: callers refused", _refusals.Count >= Callers, $"{_refusals.Count}", $"at least {Callers}");
        run.Report.RequireEqual($"{_leg}: refused for another reason than LedgerFull", _refusals.Count(refusal => refusal.Reason != PublishFailure.LedgerFull), 0);
        run.Report.RequireEqual($"{_leg}: refused and not said to be unstored", _refusals.Count(refusal => refusal.Outcome != PublishOutcome.NotAccepted), 0);
        var (least, most) = policy == OverflowPolicy.Wait ? (InVain - TimeSpan.FromMilliseconds(50), InVain + Slack) : (TimeSpan.Zero, Slack);
        var untimely = _refusals.Count(refusal => refusal.After < least || refusal.After > most);
        run.Report.Require($"{_leg}: refused too early or too late", untimely == 0, $"{untimely}", $"0 ({least.TotalSeconds:0.##} to {most.TotalSeconds:0.##} s)");
    }

    /// <summary>Accepts one message, and answers for its end. Null, or why it was refused.</summary>
    private async Task<Refusal?> EnqueueAsync(ReliablePublisher publisher, TimeSpan patience)
    {
        var number = Interlocked.Increment(ref _last);
        var (began, topic) = (Stopwatch.GetTimestamp(), $"full/{number % 4}");
        _history.Add(number, Event.Invoked);
        try
        {
            var pending = await publisher.EnqueueAsync(
                new PublishMessage(topic, Payload.Encode(number, topic, PayloadSize), MqttQualityOfServiceLevel.ExactlyOnce, new PublishOptions { ConfirmTimeout = patience }), run.Stop);
            _history.Add(number, Event.Accepted);
            lock (_answers) _answers.Add(AnswerAsync(number, pending));
            return null;
        }
        catch (ReliablePublishException error)
        {
            _history.Add(number, error.Receipt.Outcome == PublishOutcome.NotAccepted ? Event.Failed : Event.Unknown);
            var refusal = new Refusal(error.Reason, error.Receipt.Outcome, Stopwatch.GetElapsedTime(began));
            lock (_refusals) _refusals.Add(refusal);
            return refusal;
        }
    }

    private async Task AnswerAsync(long number, PendingPublish pending)
    {
        var receipt = await pending.WaitForConfirmAsync(run.Stop);
        _history.Add(number, receipt.Outcome switch { PublishOutcome.Confirmed => Event.Confirmed, PublishOutcome.Unknown => Event.Unknown, _ => Event.Failed });
    }

    private static async Task<long> EvictedAsync(StackExchange.Redis.ConnectionMultiplexer connection) =>
        long.Parse((await connection.GetServers()[0].InfoAsync("stats")).SelectMany(group => group).First(line => line.Key == "evicted_keys").Value, System.Globalization.CultureInfo.InvariantCulture);

    private sealed record Refusal(PublishFailure Reason, PublishOutcome Outcome, TimeSpan After);
}
