using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>
/// Messages are accepted, some of them sent; the publisher stops; records are damaged where they lie in Redis; the next publisher goes on. It must put
/// the damaged ones aside with a reason, and deliver all others.
/// </summary>
internal static class LedgerRound
{
    private const string PublisherId = "poisoned";
    private const int Messages = 4_000, Window = 200, MutatedInFlight = 100, MutatedInBacklog = 900, New = 20, Again = 100_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task ExecuteAsync(Run run)
    {
        run.Report.Say($"{MutatedInFlight + MutatedInBacklog:N0} of {Messages:N0} records in a real ledger");
        await using var site = await Site.StartAsync(run);
        await using var connection = await site.Redis.ConnectAsync();
        await AcceptAsync(site, run);

        var damage = new LedgerDamage(connection.GetDatabase(), PublisherId, run.NewRandom("ledger mutations"));
        await damage.InFlightAsync(MutatedInFlight);
        await damage.BacklogAsync(MutatedInBacklog);
        run.Report.RequireEqual("ledger: records damaged", damage.Records.Count, MutatedInFlight + MutatedInBacklog);

        // Some wait for damaged messages before anybody has read those: they publish them again by their ids, with another payload.
        await using var next = await ReliablePublisher.StartAsync(site.Options(PublisherId) with { MaxInFlight = Window }, run.Stop);
        if (!await Patience.UntilAsync(() => next.Status is { IsOwner: true, Pending: > 0 }, Limit, run.Stop)) throw new TimeoutException("The next publisher does not get the lease.");
        var named = damage.Records.Where(record => !record.Id.IsAutomatic).ToList();
        var waiting = named.ConvertAll(record => next.TryPublishAsync(
            Message(Again + (int)record.Number, named: false) with { Options = new PublishOptions { MessageId = record.Id, ConfirmTimeout = Limit } }, run.Stop));
        site.Proxy.Refuses = false;

        // New messages show that the ledger works on.
        var fresh = await Patience.EndsAsync(
            Task.WhenAll(Enumerable.Range(Messages + 1, New).Select(number => next.PublishAsync(Message(number, named: true), run.Stop))), Limit, run.Stop);
        run.Report.Require("ledger: new messages are confirmed", fresh, $"{(fresh ? "yes" : "not in 60 s")}", $"yes");
        var flushed = await Patience.EndsAsync(next.FlushAsync(run.Stop), Limit, run.Stop);
        run.Report.Require("ledger: everything comes to its end", flushed, $"{(flushed ? "yes" : "not in 60 s")}", $"yes");
        var outcomes = (await Task.WhenAll(waiting)).Select(receipt => receipt.Outcome).ToList();
        run.Report.RequireEqual("ledger: waited for and not answered", outcomes.Count(outcome => outcome is not (PublishOutcome.Unknown or PublishOutcome.Confirmed)), 0);
        await LedgerVerdict.ReportAsync(
            run, site, next, connection.GetDatabase(), damage,
            [.. Enumerable.Range(1, Messages + New), .. named.Where((_, i) => outcomes[i] == PublishOutcome.Confirmed).Select(record => Again + (int)record.Number)]);
    }

    private static PublishMessage Message(int number, bool named) => new(
        $"poison/{number % 8}", Payload.Encode(number, "poison", 20 + (number * 37 % 300)), MqttQualityOfServiceLevel.ExactlyOnce,
        named ? new PublishOptions { MessageId = $"p-{number}" } : null);

    // A window of them is in flight, sent and without an answer; the rest waits.
    private static async Task AcceptAsync(Site site, Run run)
    {
        var unanswered = site.Tap.On(packet => packet.Type == MqttControlPacketType.PubRec, TapAction.Drop, int.MaxValue);
        await using (var first = await ReliablePublisher.StartAsync(site.Options(PublisherId) with { MaxInFlight = Window }, run.Stop))
        {
            if (!await Patience.UntilAsync(() => first.Status.Connection == ConnectionState.Connected, Limit, run.Stop)) throw new TimeoutException("The publisher does not connect.");
            var accepted = await first.EnqueueBatchAsync([.. Enumerable.Range(1, Messages).Select(number => Message(number, named: number % 2 == 0))], run.Stop);
            run.Report.RequireEqual("ledger: accepted", accepted.Count(pending => pending.Receipt.Outcome == PublishOutcome.Pending), Messages);
            if (!await Patience.UntilAsync(() => unanswered.Hits >= Window, Limit, run.Stop)) throw new TimeoutException($"Only {unanswered.Hits} of {Window} messages were sent.");
            site.Proxy.Refuses = true;
            site.Proxy.Cut();
        }

        await unanswered.ReleaseAsync();
    }
}
