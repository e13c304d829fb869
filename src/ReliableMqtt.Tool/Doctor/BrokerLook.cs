using MQTTnet;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>What the broker is asked.</summary>
internal sealed record BrokerQuestions
{
    /// <summary>What a publisher asks for when it is not told otherwise.</summary>
    public static readonly TimeSpan DefaultExpiry = TimeSpan.FromDays(7);

    /// <summary>With less a publisher does not start.</summary>
    public static readonly TimeSpan LeastExpiry = TimeSpan.FromMinutes(1);

    /// <summary>Of the doctor's own, so that no publisher loses its connection.</summary>
    public required string ClientId { get; init; }

    /// <summary>Else MQTT 3.1.1.</summary>
    public bool IsMqtt5 { get; init; } = true;

    /// <summary>What the publisher is configured with.</summary>
    public TimeSpan SessionExpiry { get; init; } = DefaultExpiry;

    /// <summary>Where a message is published to, in order to see whether that is allowed.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Seconds that are asked for: a session that a publisher would not ask for is not asked for here either.</summary>
    public uint ExpirySeconds => (uint)Math.Min(Math.Ceiling((SessionExpiry < LeastExpiry ? LeastExpiry : SessionExpiry).TotalSeconds), uint.MaxValue);
}

/// <summary>Where connecting came to its end.</summary>
internal enum BrokerFailure
{
    /// <summary>There is no connection.</summary>
    Unreachable,

    /// <summary>There is no agreement on TLS.</summary>
    Tls,

    /// <summary>There was no answer in time.</summary>
    Silent,

    /// <summary>The answer was no.</summary>
    Refused,
}

/// <summary>What became of a message to a topic.</summary>
/// <param name="Topic">Where it went.</param>
/// <param name="Code">The reason code of its acknowledgement; null when none came.</param>
/// <param name="Problem">What happened instead, in words; or the broker's own words beside the code.</param>
internal sealed record TopicAnswer(string Topic, byte? Code, string? Problem = null);

/// <summary>What <see cref="BrokerProbe"/> has found. Null where the broker does not say, which means that there is no limit.</summary>
internal sealed record BrokerLook
{
    /// <summary>Set: there is nothing else.</summary>
    public BrokerFailure? Failure { get; init; }

    /// <summary>The error in words.</summary>
    public string FailureText { get; init; } = "";

    /// <summary>Why the broker refuses.</summary>
    public MqttClientConnectResultCode? RefusalCode { get; init; }

    /// <summary>The Session Expiry Interval of the CONNACK, in seconds. Null too when it is 0: MQTTnet does not tell 0 from nothing.</summary>
    public uint? GrantedExpiry { get; init; }

    public ushort? ReceiveMaximum { get; init; }

    public int MaximumQoS { get; init; } = 2;

    public uint? MaximumPacketSize { get; init; }

    public bool IsRetainAvailable { get; init; } = true;

    /// <summary>A second connection found the session of the first one; null when there was none.</summary>
    public bool? IsSessionKept { get; init; }

    public IReadOnlyList<TopicAnswer> Topics { get; init; } = [];
}
