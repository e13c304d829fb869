using Microsoft.Extensions.Logging;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>What an adapter is told at its birth.</summary>
/// <param name="ConnectionId">The number of the connection that this adapter may become.</param>
/// <param name="Sink">Who is told.</param>
/// <param name="IncomingIds">Session state of the receiving side.</param>
/// <param name="KeepAlive">The keep alive for the CONNECT; zero for none. A Server Keep Alive overrides it.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The log.</param>
internal sealed record AdapterSettings(
    int ConnectionId, IWireSink Sink, IncomingQos2Ids IncomingIds, TimeSpan KeepAlive, TimeProvider Time, ILogger Logger)
{
    /// <summary>What stands for the Receive Maximum on MQTT 3.1.1, which has none.</summary>
    public int ReceiveMaximumMqtt311 { get; init; } = 20;

    /// <summary>Somebody listens to <c>InspectPacketAsync</c>: packets then go through MQTTnet's adapter, which shows them.</summary>
    public Func<bool> IsInspected { get; init; } = static () => false;
}

/// <summary>How a connection ended.</summary>
/// <param name="Why">In words.</param>
/// <param name="Error">What was thrown, if anything.</param>
/// <param name="Code">The code of the broker's DISCONNECT, if it sent one (MQTT 5).</param>
/// <param name="Cause">Who or what ended it.</param>
internal sealed record ConnectionEnd(string Why, Exception? Error = null, byte? Code = null, LossCause Cause = LossCause.Local);

/// <summary>A CONNACK that is not a success.</summary>
internal sealed record ConnectRefusal(byte Code, string? ReasonString);
