using System.Diagnostics;
using MQTTnet;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt;

/// <summary>
/// The names of all that a publisher tells to OpenTelemetry: <c>AddMeter(ReliableMqttTelemetry.MeterName)</c> and <c>AddSource(ReliableMqttTelemetry.SourceName)</c> turn it on. Durations are
/// in seconds. They are part of the contract of this library, as its methods are.
/// </summary>
/// <remarks>Names under <c>messaging.</c> are those of OpenTelemetry's semantic conventions; all others begin with <c>reliable_mqtt.</c>. A topic stands on spans, never on metrics.</remarks>
public static class ReliableMqttTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/>.</summary>
    public const string SourceName = "ReliableMqtt";

    /// <summary>The name of the <see cref="System.Diagnostics.Metrics.Meter"/>.</summary>
    public const string MeterName = "ReliableMqtt";

    /// <summary>Counter: PUBLISH packets handed to a connection, resends among them.</summary>
    public const string SentMessages = "messaging.client.sent.messages";

    /// <summary>Histogram: from the last PUBLISH or PUBREL of a message to the ack that ended it.</summary>
    public const string OperationDuration = "messaging.client.operation.duration";

    /// <summary>Counter: messages that this process has accepted into the ledger.</summary>
    public const string AcceptedMessages = "reliable_mqtt.client.accepted.messages";

    /// <summary>Counter: messages that the broker has confirmed, told by the process that sent them.</summary>
    public const string ConfirmedMessages = "reliable_mqtt.client.confirmed.messages";

    /// <summary>Counter: PUBLISH packets that were not the first of their message: resumed with DUP, or sent anew after a refusal.</summary>
    public const string RepublishedMessages = "reliable_mqtt.client.republished.messages";

    /// <summary>Counter: messages that became dead letters since the broker refused them.</summary>
    public const string RejectedMessages = "reliable_mqtt.client.rejected.messages";

    /// <summary>Counter: messages that expired before they were sent.</summary>
    public const string ExpiredMessages = "reliable_mqtt.client.expired.messages";

    /// <summary>Counter: messages that became dead letters, for whatever reason.</summary>
    public const string DeadLetteredMessages = "reliable_mqtt.client.dead_lettered.messages";

    /// <summary>Counter: calls with a message id that the ledger knew already: nothing was stored.</summary>
    public const string DeduplicatedMessages = "reliable_mqtt.client.deduplicated.messages";

    /// <summary>Histogram: from the accept to the confirm.</summary>
    public const string DeliveryDuration = "reliable_mqtt.client.delivery.duration";

    /// <summary>Gauge: messages with a packet id, of the process that dispatches.</summary>
    public const string InFlight = "reliable_mqtt.client.in_flight";

    /// <summary>Counter: connections that followed an earlier one.</summary>
    public const string Reconnects = "reliable_mqtt.client.reconnects";

    /// <summary>Histogram: for how long the ledger was full and calls had to wait.</summary>
    public const string BackpressureDuration = "reliable_mqtt.client.backpressure.duration";

    /// <summary>Gauge: messages in the ledger by <see cref="MessageStateAttribute"/>. Every process of a publisher id tells the same: take the highest, not the sum.</summary>
    public const string LedgerMessageCount = "reliable_mqtt.ledger.message.count";

    /// <summary>
    /// Counter: what has happened in the ledger since it was made, by <see cref="MessageStateAttribute"/>: <c>accepted</c>, <c>confirmed</c>, <c>expired</c>, <c>dead_lettered</c>, <c>put_aside</c>. It is counted
    /// in the store, with the change itself, so that the kill of a process loses none. Every process of a publisher id tells the same: take the highest, not the sum.
    /// </summary>
    public const string LedgerMessages = "reliable_mqtt.ledger.messages";

    /// <summary>Gauge: how long the oldest unfinished message has waited. The one to be alarmed by.</summary>
    public const string OldestMessageAge = "reliable_mqtt.ledger.oldest_message.age";

    /// <summary>Histogram: calls of the ledger by <see cref="LedgerOperationAttribute"/>, with <see cref="ErrorTypeAttribute"/> where one failed.</summary>
    public const string LedgerOperationDuration = "reliable_mqtt.ledger.operation.duration";

    /// <summary>Attribute, on all metrics and spans: the publisher id.</summary>
    public const string PublisherIdAttribute = "reliable_mqtt.publisher.id";

    /// <summary>Attribute: <c>pending</c>, <c>in_flight</c> (also part of pending) or <c>dead_lettered</c>; of <see cref="LedgerMessages"/> also <c>accepted</c>, <c>confirmed</c>, <c>expired</c>, <c>put_aside</c>.</summary>
    public const string MessageStateAttribute = "reliable_mqtt.message.state";

    /// <summary>Attribute: <c>accept</c> or <c>commit</c>.</summary>
    public const string LedgerOperationAttribute = "reliable_mqtt.ledger.operation";

    /// <summary>Attribute: 0, 1 or 2.</summary>
    public const string QosAttribute = "reliable_mqtt.qos";

    /// <summary>Attribute of spans: how often the message was sent as a new one.</summary>
    public const string AttemptAttribute = "reliable_mqtt.attempt";

    /// <summary>Attribute of spans: the <see cref="PublishOutcome"/> in lower case.</summary>
    public const string OutcomeAttribute = "reliable_mqtt.outcome";

    /// <summary>Attribute of spans: the MQTT reason code as a number.</summary>
    public const string ReasonCodeAttribute = "reliable_mqtt.reason_code";

    /// <summary>Attribute: what went wrong, out of a closed list.</summary>
    public const string ErrorTypeAttribute = "error.type";

    /// <summary>
    /// Reads the W3C trace context out of a received message's MQTT 5 user properties <c>traceparent</c> and <c>tracestate</c>; the default value when it has none.
    /// </summary>
    public static ActivityContext ExtractContext(MqttApplicationMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return TraceContext.Read(message.UserProperties);
    }

    /// <summary>
    /// Starts a span <c>process</c> (kind consumer) for the handling of a received message, linked to the span of its publisher: a message may be handled hours later, and more than once.
    /// Null when nobody listens to <see cref="SourceName"/>. The caller disposes it.
    /// </summary>
    public static Activity? StartProcess(MqttApplicationMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Tracing.StartProcess(message);
    }
}
