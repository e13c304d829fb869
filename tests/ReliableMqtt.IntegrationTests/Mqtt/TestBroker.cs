using System.Net;
using MQTTnet.Server;

namespace ReliableMqtt.IntegrationTests.Mqtt;

/// <summary>MQTTnet's server on a free loopback port.</summary>
internal sealed class TestBroker : IAsyncDisposable
{
    private TestBroker(MqttServer server, int port)
    {
        Server = server;
        Port = port;
    }

    public MqttServer Server { get; }

    public int Port { get; }

    public static async Task<TestBroker> StartAsync(Action<MqttServer>? configure = null)
    {
        var options = new MqttServerOptionsBuilder()
            .WithDefaultEndpoint()
            .WithDefaultEndpointPort(0)
            .WithDefaultEndpointBoundIPAddress(IPAddress.Loopback)
            .WithDefaultEndpointBoundIPV6Address(IPAddress.None)
            .WithPersistentSessions()
            .Build();
        var server = new MqttServerFactory().CreateMqttServer(options);
        configure?.Invoke(server);
        await server.StartAsync();
        return new TestBroker(server, options.DefaultEndpointOptions.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.StopAsync();
        Server.Dispose();
    }
}
