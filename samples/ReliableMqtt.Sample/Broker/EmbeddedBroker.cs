using System.Collections;
using System.Net;
using System.Net.Sockets;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace ReliableMqtt.Sample.Broker;

/// <summary>
/// MQTTnet's server on a free loopback port, made into what a QoS 2 publisher may expect of a broker: it keeps sessions while it is stopped, and
/// it delivers a QoS 2 message once, however often its PUBLISH comes before its PUBREL (MQTT 5 §4.3.3; MQTTnet's server alone delivers each one).
/// </summary>
public sealed class EmbeddedBroker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    // Stands in the packet of a duplicate, which is not forwarded, so the mark never leaves the process. It travels with the packet and not with
    // the session because two connections of one session overlap for a moment when the second takes over.
    private static readonly MqttUserProperty DuplicateMark = new("duplicate", ReadOnlyMemory<byte>.Empty);

    private readonly MqttServerOptions _options = new MqttServerOptionsBuilder()
        .WithDefaultEndpoint()
        .WithDefaultEndpointPort(0)
        .WithDefaultEndpointBoundIPAddress(IPAddress.Loopback)
        .WithDefaultEndpointBoundIPV6Address(IPAddress.None)
        .WithPersistentSessions()
        .WithMaxPendingMessagesPerClient(int.MaxValue)
        .Build();

    private readonly MqttServer _server;
    private long _suppressedDuplicates;
    private volatile HashSet<string>? _admittedFirst;

    public EmbeddedBroker()
    {
        _options.DefaultEndpointOptions.ReuseAddress = true; // A restart takes the port again at once.
        _server = new MqttServerFactory().CreateMqttServer(_options);

        // MQTTnet takes these items only for a session that it creates: the state lives and dies with the session.
        _server.ValidatingConnectionAsync += connection =>
        {
            connection.SessionItems[typeof(SessionState)] = new SessionState();
            if (_admittedFirst is { } first && !first.Contains(connection.ClientId)) connection.ReasonCode = MqttConnectReasonCode.ServerUnavailable;
            return Task.CompletedTask;
        };
        _server.ClientSubscribedTopicAsync += subscribed =>
        {
            var state = SessionState.Of(subscribed.SessionItems);
            lock (state) state.HasSubscribed = true;
            return Task.CompletedTask;
        };
        _server.InterceptingInboundPacketAsync += packet => { OnReceived(packet); return Task.CompletedTask; };
        _server.InterceptingOutboundPacketAsync += packet => { OnSending(packet); return Task.CompletedTask; };
        _server.InterceptingPublishAsync += publish => { OnPublish(publish); return Task.CompletedTask; };
    }

    /// <summary>The TCP port on 127.0.0.1; the same for the life of this object once it was started.</summary>
    public int Port => _options.DefaultEndpointOptions.Port;

    /// <summary>QoS 2 PUBLISH packets that came again before their PUBREL and were acknowledged but not forwarded.</summary>
    public long SuppressedDuplicates => Interlocked.Read(ref _suppressedDuplicates);

    public Task StartAsync() => _server.StartAsync();

    /// <summary>Drops the connection of one client, or of all, without a word. Sessions stay.</summary>
    /// <returns>How many connections were dropped.</returns>
    public async Task<int> CutConnectionsAsync(string? clientId = null)
    {
        var cut = 0;
        foreach (var id in await ConnectedClientsAsync())
            if ((clientId is null || id == clientId) && await DisconnectAsync(id, MqttDisconnectReasonCode.NormalDisconnection)) cut++;
        return cut;
    }

    /// <summary>Waits until the connected subscribers have acknowledged all that was published so far; at most 5 s.</summary>
    /// <returns>False when they have not.</returns>
    public Task<bool> DrainAsync() => WaitUntilAsync(async () => !(await _server.GetClientsAsync()).Any(IsOwed));

    /// <summary>Stops and starts on the same port; sessions stay. Returns when the subscribers that were connected are back, or after 5 s.</summary>
    /// <param name="whileDown">What happens between the stop and the start; null for nothing.</param>
    /// <remarks>
    /// Publishers are dropped wherever they are. Subscribers are treated with care, because MQTTnet's server forgets its own half-done deliveries
    /// when a connection ends (it begins them again under another packet id) and may send twice what is published while a subscriber returns:
    /// duplicates that no publisher could prevent. So they get what they are owed before the stop, and are admitted first after it.
    /// </remarks>
    public async Task RestartAsync(Func<Task>? whileDown = null)
    {
        _server.AcceptNewConnections = false;
        try
        {
            var subscribers = (await _server.GetClientsAsync()).Where(IsSubscriber).Select(client => client.Id).ToHashSet();
            await DisconnectAllAsync(except: subscribers);
            await DrainAsync();
            await DisconnectAllAsync(except: []);
            await _server.StopAsync(new MqttServerStopOptions());
            await (whileDown?.Invoke() ?? Task.CompletedTask);
            await StartOnSamePortAsync();

            _admittedFirst = subscribers;
            _server.AcceptNewConnections = true;
            await WaitUntilAsync(async () => subscribers.IsSubsetOf(await ConnectedClientsAsync()));
        }
        finally
        {
            _admittedFirst = null;
            _server.AcceptNewConnections = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.IsStarted) await _server.StopAsync(new MqttServerStopOptions());
        _server.Dispose();
    }

    private static void OnReceived(InterceptingPacketEventArgs received)
    {
        var state = SessionState.Of(received.SessionItems);
        lock (state)
        {
            // A connection that another has taken over is cancelled before the other gets its CONNACK: it must not touch the state any more.
            if (received.CancellationToken.IsCancellationRequested)
            {
                received.ProcessPacket = false;
                return;
            }

            switch (received.Packet)
            {
                case MqttPublishPacket { QualityOfServiceLevel: MqttQualityOfServiceLevel.ExactlyOnce } publish:
                    if (!state.ReceivedIds.Add(publish.PacketIdentifier)) (publish.UserProperties ??= []).Add(DuplicateMark);
                    break;
                case MqttPubRelPacket release:
                    state.ReceivedIds.Remove(release.PacketIdentifier);
                    break;
                case MqttPubAckPacket or MqttPubCompPacket:
                    state.OwedIds.Remove(((MqttPacketWithIdentifier)received.Packet).PacketIdentifier);
                    break;
            }
        }
    }

    private static void OnSending(InterceptingPacketEventArgs sending)
    {
        var state = SessionState.Of(sending.SessionItems);
        lock (state)
        {
            if (sending.Packet is MqttConnAckPacket)
                state.OwedIds.Clear(); // MQTTnet's server gives what was not acknowledged new packet ids.
            else if (sending.Packet is MqttPublishPacket { QualityOfServiceLevel: > MqttQualityOfServiceLevel.AtMostOnce } publish)
                state.OwedIds.Add(publish.PacketIdentifier);
        }
    }

    private void OnPublish(InterceptingPublishEventArgs publish)
    {
        publish.ApplicationMessage.Dup = false; // DUP speaks of one link; it is not passed on (MQTT 5 §3.3.1.1).
        if (publish.ApplicationMessage.UserProperties?.Any(property => ReferenceEquals(property, DuplicateMark)) != true) return;
        publish.ProcessPublish = false;
        Interlocked.Increment(ref _suppressedDuplicates);
    }

    private async Task<List<string>> ConnectedClientsAsync() => [.. (await _server.GetClientsAsync()).Select(client => client.Id)];

    /// <summary>True for a client with messages that were not sent to it yet, or that it has not acknowledged.</summary>
    private static bool IsOwed(MqttClientStatus client)
    {
        if (client.Session.PendingApplicationMessagesCount > 0) return true;
        var state = SessionState.Of(client.Session.Items);
        lock (state) return state.OwedIds.Count > 0;
    }

    private static bool IsSubscriber(MqttClientStatus client)
    {
        var state = SessionState.Of(client.Session.Items);
        lock (state) return state.HasSubscribed;
    }

    private async Task DisconnectAllAsync(IReadOnlyCollection<string> except)
    {
        // Again until they are gone: one may have been in the middle of its CONNECT.
        await WaitUntilAsync(async () =>
        {
            var toGo = (await ConnectedClientsAsync()).Except(except).ToList();
            foreach (var id in toGo) await DisconnectAsync(id, MqttDisconnectReasonCode.ServerShuttingDown);
            return toGo.Count == 0;
        });
    }

    private async Task<bool> DisconnectAsync(string clientId, MqttDisconnectReasonCode reason)
    {
        try
        {
            await _server.DisconnectClientAsync(clientId, new MqttServerClientDisconnectOptions { ReasonCode = reason });
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // Gone in the meantime.
        }
    }

    private async Task StartOnSamePortAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _server.StartAsync();
                return;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < 50)
            {
                // Somebody's outgoing connection has the port for the moment.
                await _server.StopAsync(new MqttServerStopOptions());
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    /// <summary>Waits, but not for ever, until the condition holds twice in a row: a packet may be between the queue and the interceptor.</summary>
    private static async Task<bool> WaitUntilAsync(Func<Task<bool>> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        for (var held = 0; TimeProvider.System.GetElapsedTime(start) < Patience; await Task.Delay(PollInterval))
        {
            held = await condition() ? held + 1 : 0;
            if (held == 2) return true;
        }

        return false;
    }

    /// <summary>What a broker must remember of a session besides what MQTTnet's server remembers (MQTT 5 §4.1). Its users lock it.</summary>
    private sealed class SessionState
    {
        /// <summary>Packet ids of QoS 2 messages from the client whose PUBREL has not come.</summary>
        public HashSet<ushort> ReceivedIds { get; } = [];

        /// <summary>Packet ids of messages sent to the client that it has not acknowledged to the end.</summary>
        public HashSet<ushort> OwedIds { get; } = [];

        public bool HasSubscribed { get; set; }

        public static SessionState Of(IDictionary sessionItems) => (SessionState)sessionItems[typeof(SessionState)]!;
    }
}
