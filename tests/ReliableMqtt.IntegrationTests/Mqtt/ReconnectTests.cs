using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Session;

namespace ReliableMqtt.IntegrationTests.Mqtt;

// Proves how connections follow each other: asked for, failing, in a storm of cuts.
public sealed class ReconnectTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static MqttConnAckPacket Welcome => new() { RetainAvailable = true, MaximumQoS = MqttQualityOfServiceLevel.ExactlyOnce };

    [Fact]
    public async Task A_reconnect_that_is_asked_for_says_goodbye_and_returns_connected()
    {
        await using var broker = new ScriptedBroker(_ => Welcome, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, change: options => options with { MinBackoff = TimeSpan.FromHours(1), MaxBackoff = TimeSpan.FromHours(1) });
        await fixture.StartAsync();
        await fixture.Supervisor.ReconnectAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal(["connected 1", "lost 1", "connected 2"], fixture.Sink.Calls);
        Assert.Equal(1, broker.Count<MqttDisconnectPacket>(1));
    }

    [Fact]
    public async Task Reconnects_asked_for_again_and_again_by_several_all_return()
    {
        await using var broker = new ScriptedBroker(_ => Welcome, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, change: options => options with { MinBackoff = TimeSpan.FromHours(1), MaxBackoff = TimeSpan.FromHours(1) });
        await fixture.StartAsync();
        await Parallel.ForAsync(0, 4, Token, async (_, _) =>
        {
            for (var i = 0; i < 25; i++) await fixture.Supervisor.ReconnectAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token);
        });
    }

    [Fact]
    public async Task A_reconnect_that_is_refused_for_good_says_why()
    {
        await using var broker = new ScriptedBroker(
            _ => new MqttConnAckPacket { ReasonCode = MqttConnectReasonCode.BadUserNameOrPassword, ReasonString = "try again" }, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port);
        fixture.Supervisor.Start();
        await Eventually.True(() => fixture.Supervisor.State == ConnectionState.Faulted);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.Supervisor.ReconnectAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Contains("try again", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, broker.Count<MqttConnectPacket>());
        Assert.Equal(ConnectionState.Faulted, fixture.Supervisor.State);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_connect_that_hangs()
    {
        await using var broker = new ScriptedBroker(_ => null!, _ => null);
        var fixture = new SupervisorFixture(broker.Port, change: options => options with { ConnectTimeout = TimeSpan.FromMinutes(10) });
        fixture.Supervisor.Start();
        await Eventually.True(() => broker.Count<MqttConnectPacket>() == 1);
        await fixture.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal(ConnectionState.Stopped, fixture.Supervisor.State);
        Assert.Empty(fixture.Sink.Calls);
    }

    [Fact]
    public async Task A_suspended_publisher_leaves_the_session_alone_until_it_is_started_again()
    {
        await using var broker = new ScriptedBroker(_ => Welcome, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port);
        await fixture.StartAsync();
        fixture.Supervisor.Suspend();
        await Eventually.True(() => fixture.Supervisor.State == ConnectionState.Fenced);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.Supervisor.ReconnectAsync(Token).WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Equal(1, broker.Count<MqttConnectPacket>());
        Assert.Equal(1, broker.Count<MqttDisconnectPacket>(1));

        fixture.Supervisor.Start();
        await fixture.Connected(2);
        Assert.Equal(["connected 1", "lost 1", "connected 2"], fixture.Sink.Calls);
    }

    [Fact]
    public async Task Suspending_in_the_middle_of_a_connect_leaves_no_connection_behind()
    {
        await using var broker = new ScriptedBroker(_ => Welcome, _ => null);
        await using var fixture = new SupervisorFixture(
            broker.Port, change: options => options with { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(1) });
        for (var round = 0; round < 50; round++)
        {
            var connects = broker.Peers.Count;
            fixture.Supervisor.Start();
            await Eventually.True(() => broker.Peers.Count > connects);
            fixture.Supervisor.Suspend();
            await Eventually.True(() => fixture.Supervisor is { State: ConnectionState.Fenced, Current: null });
        }

        await fixture.Supervisor.StopAsync(TimeSpan.FromSeconds(5));
        var ids = fixture.Sink.Connections.Select(info => info.ConnectionId).ToArray();
        Assert.Equal(ids.SelectMany(id => new[] { $"connected {id}", $"lost {id}" }), fixture.Sink.Calls);
        Assert.Equal(ids.Distinct(), ids);
    }

    [Fact]
    public async Task A_broker_that_drops_each_connection_at_once_is_asked_less_and_less()
    {
        await using var broker = new ScriptedBroker(_ => Welcome, _ => null);
        await using var fixture = new SupervisorFixture(
            broker.Port, change: options => options with { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromHours(1) });
        fixture.Supervisor.StateChanged += change =>
        {
            if (change.State == ConnectionState.Connected) broker.Peers[fixture.Sink.Connections.Count].Dispose();
        };
        fixture.Supervisor.Start();
        await Eventually.True(() => fixture.Sink.Connections.Count >= 6);

        // The bound doubles from 1 ms: 2,000 connects would be there by now if it did not.
        Assert.InRange(fixture.Sink.Connections.Count, 6, 30);
    }

    [Fact]
    public async Task A_lower_session_expiry_is_warned_of_once_and_no_secret_is_logged()
    {
        await using var broker = new ScriptedBroker(
            _ => new MqttConnAckPacket { RetainAvailable = true, SessionExpiryInterval = 60, ServerKeepAlive = 1 }, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, builder => builder.WithCredentials("user", "hunter2"));
        await fixture.StartAsync();
        broker.Peers[1].Dispose();
        await fixture.Connected(2);
        Assert.Equal(1, fixture.Logger.Count(2010));
        Assert.Equal(0, fixture.Logger.Count(2009));
        Assert.DoesNotContain(fixture.Logger.Entries, entry => entry.Text.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_a_storm_of_cuts_each_connection_is_told_whole_and_in_order()
    {
        const int seed = 20250607;
        const int connections = 60;
        var random = new Random(seed);
        var unobserved = new System.Collections.Concurrent.ConcurrentQueue<string>();
        void Count(object? sender, UnobservedTaskExceptionEventArgs args)
        {
            // Other tests run beside this one: only what comes out of the MQTT side counts.
            if (args.Exception.ToString().Contains("at ReliableMqtt.Mqtt.", StringComparison.Ordinal)) unobserved.Enqueue(args.Exception.ToString());
        }

        TaskScheduler.UnobservedTaskException += Count;
        await using var broker = new ScriptedBroker(_ => Welcome, packet => packet switch
        {
            MqttPublishPacket { PacketIdentifier: > 0 } publish => new MqttPubAckPacket { PacketIdentifier = publish.PacketIdentifier },
            MqttPingReqPacket => MqttPingRespPacket.Instance,
            _ => null,
        });
        await using var fixture = new SupervisorFixture(
            broker.Port, change: options => options with { MinBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(5) });
        fixture.Supervisor.Start();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var traffic = Task.Run(async () =>
        {
            var ids = new Random(seed + 1);
            while (!over.IsCancellationRequested)
            {
                fixture.Send((ushort)ids.Next(1, 100));
                fixture.Supervisor.Recycle(0, RecycleReason.AckOverdue);
                await fixture.Supervisor.PublishAtMostOnceAsync(SupervisorFixture.Record("t", MqttQualityOfServiceLevel.AtMostOnce));
                try
                {
                    await fixture.Supervisor.Client.PublishStringAsync("t", "x", cancellationToken: Token);
                }
                catch (Exception)
                {
                    // No connection just now; MqttClient says so in many ways.
                    await Task.Yield();
                }
            }
        }, Token);

        for (var number = 1; number <= connections; number++)
        {
            await Eventually.True(() => fixture.Sink.Connections.Count >= number);
            var acks = fixture.Sink.Acks.Count + random.Next(30);
            await Eventually.True(() => fixture.Sink.Acks.Count >= acks || fixture.Sink.Connections.Count > number);
            if (random.Next(4) == 0)
                fixture.Supervisor.Recycle(number, random.Next(2) == 0 ? RecycleReason.AckOverdue : RecycleReason.CleanStart);
            else
                broker.Peers[broker.Peers.Keys.Max()].Dispose();
        }

        await over.CancelAsync();
        await traffic.WaitAsync(TimeSpan.FromSeconds(20), Token);
        await fixture.Supervisor.StopAsync(TimeSpan.FromSeconds(5));

        var open = 0;
        var last = 0;
        foreach (var call in fixture.Sink.Calls)
        {
            var parts = call.Split(' ');
            var id = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
            switch (parts[0])
            {
                case "connected":
                    Assert.True(open == 0 && id == last + 1, $"seed {seed}: {call} while {open} was open");
                    open = last = id;
                    break;
                case "lost":
                    Assert.True(open == id, $"seed {seed}: {call} while {open} was open");
                    open = 0;
                    break;
                default:
                    Assert.True(open == id, $"seed {seed}: {call} while {open} was open");
                    break;
            }
        }

        Assert.Equal(0, open);
        Assert.True(last >= connections, $"seed {seed}");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException -= Count;
        Assert.Empty(unobserved);
    }
}
