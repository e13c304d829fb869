using System.Diagnostics;
using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Verbs.CommitCost;

/// <summary>Who works on the ledger.</summary>
internal enum CostMode
{
    /// <summary>The owner, whose own messages find room in the window.</summary>
    Owner,

    /// <summary>Three other processes append; nobody sends.</summary>
    Acceptors,

    /// <summary>Both: the owner's messages and theirs go through the backlog.</summary>
    Both,
}

/// <summary>What one measurement gave.</summary>
/// <param name="Rate">Messages a second: finished ones, or accepted ones where nobody sends.</param>
/// <param name="ServerMicroseconds">Processor time of Redis for one of them.</param>
/// <param name="FromAcceptors">How many of them the acceptors had appended.</param>
internal sealed record Cost(double Rate, double ServerMicroseconds, long FromAcceptors);

/// <summary>One measurement, on a ledger of its own.</summary>
internal sealed class CostCell(string redis, string publisherId, CostMode mode, int batch, TimeSpan time)
{
    private const int Acceptors = 3, PayloadSize = 128;

    private readonly byte[] _payload = new byte[PayloadSize];
    private long _acceptedElsewhere;

    public async Task<Cost> MeasureAsync(IServer server, CancellationToken stop)
    {
        await using var ledger = await OpenAsync(stop);
        var epoch = (await ledger.AcquireAsync(stop)).Epoch ?? throw new InvalidOperationException("Somebody else has the lease of a new ledger.");
        var owner = new CostOwner(ledger, epoch, await ledger.RecoverAsync(epoch, stop), batch, NewMessage);
        var others = new List<RedisAckLedger>();
        for (var i = 0; mode != CostMode.Owner && i < Acceptors; i++) others.Add(await OpenAsync(stop));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var (cpu, started) = (await ProcessorTimeAsync(server), Stopwatch.GetTimestamp());
        over.CancelAfter(time);
        var acceptors = others.ConvertAll(other => AcceptAsync(other, owner, over.Token));
        var finished = mode == CostMode.Acceptors ? 0 : await owner.RunAsync(over.Token);
        await Task.WhenAll(acceptors);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        cpu = await ProcessorTimeAsync(server) - cpu;
        foreach (var other in others) await other.DisposeAsync();
        var messages = mode == CostMode.Acceptors ? _acceptedElsewhere : finished;
        return new Cost(messages / elapsed, cpu * 1e6 / Math.Max(1, messages), _acceptedElsewhere);
    }

    // One call at a time for each. Where the owner works too, they wait while it has enough to do, so that nothing piles up.
    private async Task AcceptAsync(RedisAckLedger ledger, CostOwner owner, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            if (mode == CostMode.Both && owner.Pending > 4 * Math.Max(batch, 16))
            {
                await Task.WhenAny(Task.Delay(1, over));
                continue;
            }

            var answers = await ledger.AcceptAsync([.. Enumerable.Range(0, batch).Select(_ => NewMessage())], CancellationToken.None);
            Interlocked.Add(ref _acceptedElsewhere, answers.Count(answer => answer.Status == AcceptStatus.Accepted));
            owner.HasWork();
        }
    }

    private async Task<RedisAckLedger> OpenAsync(CancellationToken stop)
    {
        var ledger = new RedisAckLedger(redis);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = publisherId, MaxPending = 100_000_000, MaxPendingBytes = 1L << 40, LeaseDuration = TimeSpan.FromMinutes(10) }, stop);
        return ledger;
    }

    private LedgerRecord NewMessage() => new()
    {
        Topic = "cost/topic",
        Payload = _payload,
        QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
        AcceptedAt = DateTimeOffset.UtcNow,
    };

    private static async Task<double> ProcessorTimeAsync(IServer server)
    {
        var lines = (await server.InfoAsync("cpu")).SelectMany(group => group).ToDictionary(line => line.Key, line => line.Value);
        return double.Parse(lines["used_cpu_user"], CultureInfo.InvariantCulture) + double.Parse(lines["used_cpu_sys"], CultureInfo.InvariantCulture);
    }
}
