using MQTTnet;
using MQTTnet.Formatter;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

/// <summary>Makes the publisher's options of a host's.</summary>
internal static class OptionsMapping
{
    public static ReliablePublisherOptions ToPublisher(ReliableMqttOptions options, AckLedger ledger, Action<MqttClientOptionsBuilder>? mqtt) => new()
    {
        PublisherId = options.PublisherId,
        Ledger = ledger,
        Mqtt = mqtt,
        AcceptOnly = options.AcceptOnly,
        SessionExpiry = options.SessionExpiry,
        MaxInFlight = options.MaxInFlight,
        MaxInFlightMqtt311 = options.MaxInFlightMqtt311,
        AckTimeout = options.AckTimeout,
        ConfirmTimeout = options.ConfirmTimeout,
        ConnectTimeout = options.ConnectTimeout,
        MinBackoff = options.MinBackoff,
        MaxBackoff = options.MaxBackoff,
        MaxAttempts = options.MaxAttempts,
        ShouldRetry = options.ShouldRetry,
        SessionLossPolicy = options.SessionLossPolicy,
        Ordering = options.Ordering,
        LeaseDuration = options.LeaseDuration,
        DeduplicationWindow = options.DeduplicationWindow,
        MaxPending = options.MaxPending,
        MaxPendingBytes = options.MaxPendingBytes,
        Overflow = options.Overflow,
        MaxPayloadSize = options.MaxPayloadSize,
        MaxDeadLetters = options.MaxDeadLetters,
        DeadLetterRetention = options.DeadLetterRetention,
        ShutdownTimeout = options.ShutdownTimeout,
        FaultedRetryInterval = options.FaultedRetryInterval,
        RequireDurableLedger = options.RequireDurableLedger,
        LedgerStartTimeout = options.LedgerStartTimeout,
        PropagateTraceContext = options.PropagateTraceContext,
    };

    /// <summary>Sets what the section of the broker says.</summary>
    public static void Apply(ReliableMqttBrokerOptions broker, MqttClientOptionsBuilder client)
    {
        if (broker.Host.Length > 0) client.WithTcpServer(broker.Host, broker.Port ?? (broker.UseTls ? 8883 : 1883));
        if (broker.UseTls) client.WithTlsOptions(tls => tls.UseTls());
        if (broker.UserName is not null || broker.Password is not null) client.WithCredentials(broker.UserName ?? "", broker.Password ?? "");
        client.WithProtocolVersion(VersionOf(broker.ProtocolVersion) ?? MqttProtocolVersion.V500).WithKeepAlivePeriod(broker.KeepAlive);
    }

    /// <summary>Null for one that is not served.</summary>
    public static MqttProtocolVersion? VersionOf(string version) => version switch
    {
        "5" or "5.0" => MqttProtocolVersion.V500,
        "3.1.1" => MqttProtocolVersion.V311,
        _ => null,
    };
}
