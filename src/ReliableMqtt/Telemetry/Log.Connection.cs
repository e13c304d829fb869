using System.Net;
using Microsoft.Extensions.Logging;

namespace ReliableMqtt.Telemetry;

/// <summary>What the MQTT side logs: ids 2001 … 2099. Never a password, a payload, or an options object.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Information,
        "Connected to {Broker}: connection {ConnectionId}, session present {SessionPresent}, receive maximum {ReceiveMaximum}")]
    public static partial void Connected(ILogger logger, EndPoint? broker, int connectionId, bool sessionPresent, int receiveMaximum);

    [LoggerMessage(2002, LogLevel.Warning, "Connection {ConnectionId} ended: {Reason}")]
    public static partial void Disconnected(ILogger logger, int connectionId, string reason, Exception? exception);

    [LoggerMessage(2003, LogLevel.Warning, "Connecting failed: {Reason}; next attempt in {Wait}")]
    public static partial void ReconnectFailed(ILogger logger, string reason, TimeSpan wait, Exception? exception);

    [LoggerMessage(2004, LogLevel.Error, "The broker refuses for good: {Reason}; it is asked again in {Wait}")]
    public static partial void Faulted(ILogger logger, string reason, TimeSpan wait);

    [LoggerMessage(2005, LogLevel.Error, "Another client has taken over the session: {Reason}; there is no reconnect until the application asks for one")]
    public static partial void Fenced(ILogger logger, string reason);

    [LoggerMessage(2006, LogLevel.Warning, "{Packet} for unknown packet id {PacketId} was dropped, and {Others} others since the last such line")]
    public static partial void UnknownPacketId(ILogger logger, string packet, ushort packetId, long others);

    [LoggerMessage(2007, LogLevel.Error, "A {Packet} could not be encoded; the connection is ended and the message stays in the ledger")]
    public static partial void EncodeFailed(ILogger logger, string packet, Exception exception);

    [LoggerMessage(2008, LogLevel.Error, "The session failed on {What}; the connection is ended")]
    public static partial void SinkFailed(ILogger logger, string what, Exception exception);

    [LoggerMessage(2009, LogLevel.Warning, "The credentials go over the network in plain text: use TLS")]
    public static partial void PlainTextCredentials(ILogger logger);

    [LoggerMessage(2010, LogLevel.Warning,
        "The broker keeps the session for {Granted} s only, not {Asked} s: an outage longer than that loses the session")]
    public static partial void SessionExpiryLowered(ILogger logger, uint granted, uint asked);

    [LoggerMessage(2011, LogLevel.Warning, "Renewing {Count} subscription(s) failed; it is tried again on the next connect")]
    public static partial void ResubscribeFailed(ILogger logger, int count, Exception? exception);

    [LoggerMessage(2012, LogLevel.Warning, "The broker refused to renew the subscription to {TopicFilter}: {ResultCode}")]
    public static partial void ResubscribeRefused(ILogger logger, string topicFilter, MQTTnet.MqttClientSubscribeResultCode resultCode);

    [LoggerMessage(2013, LogLevel.Error, "A handler of {Event} has thrown")]
    public static partial void HandlerFailed(ILogger logger, string @event, Exception exception);

    [LoggerMessage(2014, LogLevel.Error, "The connection loop has failed and goes on")]
    public static partial void LoopFailed(ILogger logger, Exception exception);

    [LoggerMessage(2015, LogLevel.Debug, "Closing connection {ConnectionId} has failed")]
    public static partial void CloseFailed(ILogger logger, int connectionId, Exception exception);

    [LoggerMessage(2016, LogLevel.Information, "Recycling connection {ConnectionId}: {Reason}")]
    public static partial void Recycling(ILogger logger, int connectionId, Session.RecycleReason reason);
}
