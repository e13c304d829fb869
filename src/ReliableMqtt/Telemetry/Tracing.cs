using System.Diagnostics;
using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using Names = ReliableMqtt.ReliableMqttTelemetry;

namespace ReliableMqtt.Telemetry;

/// <summary>The spans of publishing calls and of what is sent for them later.</summary>
internal static class Tracing
{
    public static readonly ActivitySource Source = new(Names.SourceName, typeof(Tracing).Assembly.GetName().Version?.ToString(3));

    /// <summary>The span of a call that waits for the confirm.</summary>
    public static Activity? StartPublish(string publisherId, string topic, MqttQualityOfServiceLevel qos) => Start("publish", "send", publisherId, topic, qos);

    /// <summary>The span of a call that waits for the accept alone.</summary>
    public static Activity? StartCreate(string publisherId, string topic, MqttQualityOfServiceLevel qos) => Start("create", "create", publisherId, topic, qos);

    public static void End(Activity? activity, PublishReceipt receipt)
    {
        if (activity is null) return;
        Tag(activity, receipt);
        if (receipt.Outcome is PublishOutcome.Rejected or PublishOutcome.Expired or PublishOutcome.DeadLettered) Fail(activity, ErrorType.Of(receipt));
    }

    public static void End(Activity? activity, Exception error)
    {
        if (activity is null) return;
        if (error is ReliablePublishException { Receipt: var receipt }) Tag(activity, receipt);
        Fail(activity, ErrorType.Of(error));
    }

    /// <summary>What was sent for a message whose caller did not wait, or was another process: a span of its own, linked to the caller's, since an outage may lie between them.</summary>
    public static void Sent(string publisherId, LedgerRecord record, PublishReceipt receipt, DateTimeOffset? sentAt, TimeProvider time)
    {
        if (!Source.HasListeners()) return;
        var context = TraceContext.Read(record.Properties?.UserProperties);
        if (context == default) return;
        var now = time.GetUtcNow();
        using var activity = Source.StartActivity("publish", ActivityKind.Client, default(ActivityContext),
            Describe("publish", "send", publisherId, record.Topic, record.QualityOfService), [new ActivityLink(context)], sentAt ?? now);
        activity?.SetEndTime(now.UtcDateTime);
        End(activity, receipt);
    }

    /// <summary>The span of the handling of a received message.</summary>
    public static Activity? StartProcess(MqttApplicationMessage message)
    {
        if (!Source.HasListeners()) return null;
        var producer = TraceContext.Read(message.UserProperties);
        ActivityLink[]? links = producer == default ? null : [new ActivityLink(producer)];
        List<KeyValuePair<string, object?>> tags =
        [
            new("messaging.system", "mqtt"),
            new("messaging.operation.name", "process"),
            new("messaging.operation.type", "process"),
            new("messaging.destination.name", message.Topic),
            new(Names.QosAttribute, (int)message.QualityOfServiceLevel),
        ];
        if (message.UserProperties?.Find(property => property.Name == MessageId.UserPropertyName) is { } id) tags.Add(new("messaging.message.id", TraceContext.ValueOf(id)));
        return Source.StartActivity("process", ActivityKind.Consumer, default(ActivityContext), tags, links);
    }

    /// <summary>These properties, and the trace that this call is part of.</summary>
    public static MessageProperties? WithContext(MessageProperties? properties)
    {
        if (Activity.Current is not { IdFormat: ActivityIdFormat.W3C } activity) return properties;
        return (properties ?? new MessageProperties()) with { UserProperties = TraceContext.Add(properties?.UserProperties, activity) };
    }

    private static Activity? Start(string name, string type, string publisherId, string topic, MqttQualityOfServiceLevel qos) =>
        Source.HasListeners() ? Source.StartActivity(name, ActivityKind.Producer, default(ActivityContext), Describe(name, type, publisherId, topic, qos)) : null;

    // Given at the start, so that a sampler may decide by them.
    private static KeyValuePair<string, object?>[] Describe(string name, string type, string publisherId, string topic, MqttQualityOfServiceLevel qos) =>
    [
        new("messaging.system", "mqtt"),
        new("messaging.operation.name", name),
        new("messaging.operation.type", type),
        new("messaging.destination.name", topic),
        new("network.protocol.name", "mqtt"),
        new(Names.QosAttribute, (int)qos),
        new(Names.PublisherIdAttribute, publisherId),
    ];

    private static void Tag(Activity activity, PublishReceipt receipt)
    {
        activity.SetTag(Names.OutcomeAttribute, receipt.Outcome.ToString().ToLowerInvariant());
        if (!receipt.MessageId.IsEmpty) activity.SetTag("messaging.message.id", receipt.MessageId.Value);
        if (receipt.Attempts is > 0 and var attempts) activity.SetTag(Names.AttemptAttribute, attempts);
        if (receipt.ReasonCode is { } code) activity.SetTag(Names.ReasonCodeAttribute, (int)code);
    }

    private static void Fail(Activity activity, string error)
    {
        activity.SetTag(Names.ErrorTypeAttribute, error);
        activity.SetStatus(ActivityStatusCode.Error);
    }
}
