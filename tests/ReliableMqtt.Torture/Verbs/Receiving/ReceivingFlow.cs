using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Processes;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Verbs.Receiving;

/// <summary>The messages of a leg, and its faults.</summary>
internal sealed class ReceivingFlow(Run run, ReceivingPlan plan, Site site, HandlerProcess handler, ReliablePublisher publisher, IDatabase database)
{
    private const int Ahead = 2_000;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    private readonly Random _random = run.NewRandom($"receiver {plan.Mode}");
    private readonly HashSet<int> _confirmed = [];
    private int _unended;

    public int Confirmed
    {
        get { lock (_confirmed) return _confirmed.Count; }
    }

    /// <summary>How many kills fell between the beginning of a handler and its end.</summary>
    public int KillsInHandler { get; private set; }

    /// <summary>Publishes all messages, and lets everything happen that the plan has.</summary>
    public async Task RunAsync()
    {
        publisher.ConfirmedAsync += receipt =>
        {
            lock (_confirmed) _confirmed.Add(int.Parse(receipt.MessageId.Value.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture));
            return Task.CompletedTask;
        };
        var feeding = FeedAsync();
        await TroubleAsync();
        await feeding;
    }

    private async Task FeedAsync()
    {
        for (var number = 0; number < plan.Messages; number++)
        {
            while (number - Confirmed >= Ahead) await Task.Delay(5, run.Stop);
            var qos = number % 2 == 0 ? MqttQualityOfServiceLevel.AtLeastOnce : MqttQualityOfServiceLevel.ExactlyOnce;
            await publisher.EnqueueAsync(FormattableString.Invariant($"receiver/{number % 7}"), FormattableString.Invariant($"{number}"), qos, new PublishOptions { MessageId = FormattableString.Invariant($"m-{number}") }, run.Stop);
        }
    }

    /// <summary>Each fault has its part of the messages, and comes at a random place of it.</summary>
    private async Task TroubleAsync()
    {
        var faults = Enumerable.Repeat(true, plan.Kills).Concat(Enumerable.Repeat(false, plan.Wipes)).ToArray();
        _random.Shuffle(faults);
        var part = plan.Messages / (faults.Length + 1);
        for (var i = 0; i < faults.Length; i++)
        {
            var when = (part * i) + _random.Next(part / 5, part * 4 / 5);
            if (!await Patience.ReachesAsync(() => Confirmed, when, Idle, run.Stop)) throw new TimeoutException($"Nothing is confirmed any more, after {Confirmed} of {plan.Messages}.");
            if (faults[i]) await KillAsync();
            else await WipeAsync();
        }
    }

    private async Task KillAsync()
    {
        await Task.Delay(_random.Next(20), run.Stop);
        await handler.KillAsync();
        var (begun, ended) = ((await handler.ReadAsync('B')).Count, (await handler.ReadAsync('E')).Count);
        // Those of earlier kills are among them.
        if (begun - ended > _unended) KillsInHandler++;
        _unended = begun - ended;
        await handler.StartAsync(run.Stop);
    }

    /// <summary>
    /// The broker loses everything while handshakes stand still: what is confirmed has been handled by then, since what a broker confirms and loses nobody can bring back; what is in flight has been
    /// delivered for the most part, and is published anew.
    /// </summary>
    private async Task WipeAsync()
    {
        var rule = site.Tap.On(packet => packet.Type is MqttControlPacketType.PubAck or MqttControlPacketType.PubComp && packet.Direction == Direction.ToClient, TapAction.Drop, times: int.MaxValue);
        await Patience.UntilAsync(() => rule.Hits >= 20, TimeSpan.FromSeconds(5), run.Stop);
        await HandledAsync();
        site.Proxy.Refuses = true;
        site.Proxy.Cut();
        await Patience.UntilAsync(() => site.Proxy.OpenCount == 0, TimeSpan.FromSeconds(5), run.Stop);
        await HandledAsync();
        var connections = handler.Connections;
        await site.Broker.KillAsync();
        await rule.ReleaseAsync();
        await site.Broker.RestartAsync();
        await handler.ConnectsAgainAsync(connections, run.Stop);
        site.Proxy.Refuses = false;
    }

    // Events come a moment after the confirm that they tell of.
    private async Task HandledAsync()
    {
        if (!await Patience.UntilAsync(async () => Confirmed == publisher.Status.Confirmed && await IsHandledAsync(), Idle, run.Stop)) throw new TimeoutException("What is confirmed is not handled.");
    }

    private async Task<bool> IsHandledAsync()
    {
        var handled = (await database.HashKeysAsync(HandleVerb.Effects)).Select(key => (int)key).ToHashSet();
        lock (_confirmed) return _confirmed.IsSubsetOf(handled);
    }
}
