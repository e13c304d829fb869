using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Channel;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;

namespace ReliableMqtt.Mqtt;

/// <summary>Builds what MQTTnet's own factory builds, with our buffer below and our adapter above.</summary>
/// <param name="settings">For the one adapter that is made: MqttClient asks once for each connect.</param>
/// <param name="created">Told of the adapter before MqttClient has it.</param>
internal sealed class SessionAdapterFactory(AdapterSettings settings, Action<SessionChannelAdapter> created) : IMqttClientAdapterFactory
{
    public IMqttChannelAdapter CreateClientAdapter(MqttClientOptions options, MqttPacketInspector packetInspector, IMqttNetLogger logger)
    {
        IMqttChannel socket = options.ChannelOptions switch
        {
            MqttClientTcpOptions tcp when TcpChannel.Serves(tcp) => new TcpChannel(tcp),
            MqttClientTcpOptions => new MqttTcpChannel(options),
            MqttClientWebSocketOptions webSocket => new MqttWebSocketChannel(webSocket),
            var other => throw new NotSupportedException($"MQTTnet's adapter knows no channel for {other?.GetType().Name ?? "null"}."),
        };

        var channel = new BufferedChannel(socket);
        var formatter = new MqttPacketFormatterAdapter(
            options.ProtocolVersion, new MqttBufferWriter(options.WriterBufferSize, options.WriterBufferSizeMax));
        var inner = new MqttChannelAdapter(channel, formatter, logger)
        {
            AllowPacketFragmentation = options.AllowPacketFragmentation,
            PacketInspector = packetInspector,
        };
        var adapter = new SessionChannelAdapter(inner, channel, settings);
        created(adapter);
        return adapter;
    }
}
