using System.Collections.Concurrent;
using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Oracle;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.IntegrationTests.Mqtt;

/// <summary>
/// A supervisor with short waits, and what it has told. It connects through a tapped proxy, and at its end the wire is audited: not for what a session decides,
/// since here the test takes the part of the session.
/// </summary>
internal sealed class SupervisorFixture : IAsyncDisposable
{
    private static readonly int[] RowsOfTheSession = [1, 3, 4, 6, 10, 12, 15, 16, 21, 22, 23, 24];

    private readonly WireTap _tap = new();
    private readonly CuttingProxy _proxy;

    public SupervisorFixture(int port, Action<MqttClientOptionsBuilder>? mqtt = null, Func<ReliablePublisherOptions, ReliablePublisherOptions>? change = null)
    {
        _proxy = CuttingProxy.Start(port, _tap);
        var options = new ReliablePublisherOptions
        {
            PublisherId = "publisher-1",
            Mqtt = builder =>
            {
                builder.WithTcpServer("127.0.0.1", _proxy.Port);
                mqtt?.Invoke(builder);
            },
            Ledger = null!,
            MinBackoff = TimeSpan.FromMilliseconds(20),
            MaxBackoff = TimeSpan.FromMilliseconds(200),
            ConnectTimeout = TimeSpan.FromSeconds(5),
        };
        Supervisor = new ConnectionSupervisor(change?.Invoke(options) ?? options, Sink, Logger, new Random(4711));
        Supervisor.StateChanged += Changes.Enqueue;
    }

    public RecordingSink Sink { get; } = new();

    public RecordingLogger Logger { get; } = new();

    public ConcurrentQueue<ConnectionStateChange> Changes { get; } = new();

    public ConnectionSupervisor Supervisor { get; }

    public async Task<ConnectionInfo> StartAsync()
    {
        Supervisor.Start();
        await Connected(1);
        return Sink.Connections.First();
    }

    /// <summary>Waits for the n-th connection, and for its state.</summary>
    public async Task Connected(int count)
    {
        await Eventually.True(() => Sink.Connections.Count >= count && Supervisor.Current is not null);
        await Eventually.True(() => Supervisor.State == ConnectionState.Connected);
    }

    public void Send(ushort packetId, string topic = "t", MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce) => Supervisor.Send(
        Supervisor.Current?.ConnectionId ?? 0,
        [new OutboundPacket(new PacketId(packetId), Record(topic, qos))]);

    public static LedgerRecord Record(string topic, MqttQualityOfServiceLevel qos, string id = "m-1") => new()
    {
        MessageId = id,
        Topic = topic,
        Payload = new byte[] { 1, 2, 3 },
        QualityOfService = qos,
    };

    public async ValueTask DisposeAsync()
    {
        await Supervisor.DisposeAsync();
        await _proxy.DisposeAsync();
        WireAudit.Check(_tap, except: RowsOfTheSession);
    }
}
