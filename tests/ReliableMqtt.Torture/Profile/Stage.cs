using System.Collections.Concurrent;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Journal;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture.Profile;

/// <summary>All that a leg needs: a Redis, what receives, and the seats of the publishers. All of it is gone with the object.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];

    private Stage()
    {
    }

    /// <summary>None where the ledgers are files.</summary>
    public RedisServer Redis { get; private set; } = null!;

    /// <summary>Null where journals receive.</summary>
    public MosquittoBroker? Broker { get; private set; }

    public List<Receiver> Receivers { get; } = [];

    public List<Seat> Seats { get; } = [];

    public FaultLog Faults { get; } = new();

    /// <summary>What the broker was made to answer, and how often.</summary>
    public ConcurrentDictionary<string, int> Answers { get; } = [];

    private DeliveryCounter? Counter { get; set; }

    public static async Task<Stage> StartAsync(Run run, LegPlan plan)
    {
        var stage = new Stage();
        try
        {
            if (plan.Sqlite is null) stage._parts.Add(stage.Redis = await RedisServer.StartAsync());
            if (plan.Receiving == Receiving.Mosquitto)
            {
                stage._parts.Add(stage.Broker = await MosquittoBroker.StartAsync(new MosquittoSettings { MaxInflightMessages = plan.ReceiveMaximum, ExtraLines = ["set_tcp_nodelay true"] }));
                stage._parts.Add(stage.Counter = await DeliveryCounter.StartAsync(stage.Broker.Port));
            }

            foreach (var qos in plan.QoS)
            {
                var port = stage.Broker?.Port ?? (await stage.AddReceiverAsync(plan.ReceiveMaximum, run)).Port;
                var seat = new Seat(qos, plan, port, plan.Sqlite is { } file ? new SqliteSeatLedger(file) : new RedisSeatLedger(stage.Redis), run.Logging is not null);
                stage._parts.Add(seat);
                stage.Seats.Add(seat);
            }

            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>What has arrived of all publishers. What is damaged has the number 0.</summary>
    public IReadOnlyList<Arrival> Arrivals()
    {
        var deliveries = Counter?.Deliveries ?? Receivers.SelectMany(receiver => receiver.Deliveries());
        return [.. deliveries.Select(delivery =>
            new Arrival(Payload.TryDecode(delivery.Payload, out var number, out var key) && key == delivery.Topic ? number : 0, delivery.Topic, delivery.Dup))];
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
    }

    private async Task<Receiver> AddReceiverAsync(int receiveMaximum, Run run)
    {
        var receiver = await Receiver.StartAsync(receiveMaximum, run.Stop);
        _parts.Add(receiver);
        Receivers.Add(receiver);
        return receiver;
    }
}
