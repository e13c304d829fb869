using System.Globalization;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>The limits that a broker states on MQTT 5.</summary>
internal static class BrokerLimitChecks
{
    private const int PublishersWindow = 256, LowWindow = 16, MaxPayloadSize = 256 << 10;

    // Topic, properties and header, roughly.
    private const int Around = 4 << 10;

    public static IEnumerable<Finding> Judge(BrokerLook look)
    {
        yield return ReceiveMaximum(look.ReceiveMaximum ?? ushort.MaxValue);
        yield return look.MaximumQoS switch
        {
            2 => Finding.Ok("maximum-qos", "2"),
            1 => Finding.Warning("maximum-qos", "the broker takes QoS 0 and 1 only", "Messages of QoS 2 become dead letters (broker-limit).", "Allow QoS 2 at the broker (mosquitto: max_qos 2), or publish at QoS 1 and let receivers recognise duplicates."),
            _ => Finding.Problem("maximum-qos", "the broker takes QoS 0 only", "Messages of QoS 1 and 2 become dead letters (broker-limit): nothing can be confirmed.", "Allow QoS 1 and 2 at the broker (mosquitto: max_qos 2)."),
        };
        yield return look.MaximumPacketSize is { } size && size < MaxPayloadSize + Around
            ? Finding.Warning(
                "maximum-packet-size", $"the broker takes packets of at most {Words.Bytes(size)}", "A larger message becomes a dead letter (broker-limit). Publishers accept payloads of up to 256 KiB by default.",
                "Raise the broker's limit (mosquitto: max_packet_size, EMQX: mqtt.max_packet_size), or lower MaxPayloadSize, so that publishing fails at once.")
            : Finding.Ok("maximum-packet-size", look.MaximumPacketSize is { } limit ? Words.Bytes(limit) : "no limit of the broker's own");
        yield return look.IsRetainAvailable
            ? Finding.Ok("retain", "available")
            : Finding.Warning("retain", "the broker takes no retained messages", "A message with RETAIN becomes a dead letter (broker-limit).", "Allow them at the broker (mosquitto: retain_available true), or publish without RETAIN.");
    }

    private static Finding ReceiveMaximum(int limit)
    {
        var text = limit.ToString(CultureInfo.InvariantCulture);
        if (limit >= PublishersWindow) return Finding.Ok("receive-maximum", $"{text}: the publisher's window of {PublishersWindow} fits in");
        if (limit >= LowWindow) return Finding.Ok("receive-maximum", $"{text}: so many messages are in flight, where a publisher would have {PublishersWindow} (mosquitto: max_inflight_messages)");
        return Finding.Warning(
            "receive-maximum", $"the broker takes {text} messages at a time", $"No more are in flight, where a publisher would have {PublishersWindow}: the round trip to the broker bounds how many are sent in a second.",
            "Raise it (mosquitto: max_inflight_messages, EMQX: mqtt.max_inflight).");
    }
}
