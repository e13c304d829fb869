using static ReliableMqtt.Session.AckVerdict;
using static ReliableMqtt.Session.DisconnectVerdict;

namespace ReliableMqtt.Session;

/// <summary>
/// What each reason code means to a publisher that must not lose a message: one table, and lookups with a default for codes that the protocol
/// does not define. <c>docs/reason-codes.md</c> holds the same table with the reasons; a test keeps the two equal.
/// </summary>
internal static class ReasonCodes
{
    /// <summary>PUBACK and PUBREC: taken, and nobody subscribes to the topic (MQTT 5 §3.4.2.1).</summary>
    public const byte NoMatchingSubscribers = 0x10;

    /// <summary>The table, in the order of the codes. A code that it does not have is undefined in all of these packets.</summary>
    public static IReadOnlyList<ReasonCode> Table { get; } =
    [
        new(0x00, "success") { PubAck = Confirm, PubRec = Release, PubComp = Confirm, Disconnect = Reconnect },
        new(0x01, "unacceptable protocol version") { ConnAck3 = ConnectVerdict.Fault },
        new(0x02, "client id refused") { ConnAck3 = ConnectVerdict.Fault },
        new(0x03, "server unavailable") { ConnAck3 = ConnectVerdict.Retry },
        new(0x04, "bad user name or password") { ConnAck3 = ConnectVerdict.Fault },
        new(0x05, "not authorized") { ConnAck3 = ConnectVerdict.Fault },
        new(0x10, "no matching subscribers") { PubAck = Confirm, PubRec = Release },
        new(0x80, "unspecified error")
        {
            PubAck = AckVerdict.Retry, PubRec = AckVerdict.Retry,
            ConnAck = ConnectVerdict.Retry, Disconnect = Reconnect, BlamesPacket = true,
        },
        new(0x81, "malformed packet") { ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true },
        new(0x82, "protocol error") { ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true },
        new(0x83, "implementation specific error")
        {
            PubAck = AckVerdict.Retry, PubRec = AckVerdict.Retry,
            ConnAck = ConnectVerdict.Retry, Disconnect = Reconnect, BlamesPacket = true,
        },
        new(0x84, "unsupported protocol version") { ConnAck = ConnectVerdict.Fault },
        new(0x85, "client identifier not valid") { ConnAck = ConnectVerdict.Fault },
        new(0x86, "bad user name or password") { ConnAck = ConnectVerdict.Fault },
        new(0x87, "not authorized")
        {
            PubAck = DeadLetter, PubRec = DeadLetter,
            ConnAck = ConnectVerdict.Fault, Disconnect = DisconnectVerdict.Fault, BlamesPacket = true,
        },
        new(0x88, "server unavailable") { ConnAck = ConnectVerdict.Retry },
        new(0x89, "server busy") { ConnAck = ConnectVerdict.Retry, Disconnect = Reconnect },
        new(0x8A, "banned") { ConnAck = ConnectVerdict.Fault },
        new(0x8B, "server shutting down") { Disconnect = Reconnect },
        new(0x8C, "bad authentication method") { ConnAck = ConnectVerdict.Fault, Disconnect = DisconnectVerdict.Fault },
        new(0x8D, "keep alive timeout") { Disconnect = Reconnect },
        new(0x8E, "session taken over") { Disconnect = Stop },
        new(0x8F, "topic filter invalid") { Disconnect = Reconnect },
        new(0x90, "topic name invalid")
        {
            PubAck = DeadLetter, PubRec = DeadLetter,
            ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true,
        },
        new(0x91, "packet identifier in use") { PubAck = PacketIdInUse, PubRec = PacketIdInUse },
        new(0x92, "packet identifier not found") { PubComp = Confirm },
        new(0x93, "receive maximum exceeded") { Disconnect = Reconnect },
        new(0x94, "topic alias invalid") { Disconnect = Reconnect, BlamesPacket = true },
        new(0x95, "packet too large") { ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true },
        new(0x96, "message rate too high") { Disconnect = Reconnect },
        new(0x97, "quota exceeded") { PubAck = RetryPaused, PubRec = RetryPaused, ConnAck = ConnectVerdict.Retry, Disconnect = Reconnect },
        new(0x98, "administrative action") { Disconnect = Reconnect },
        new(0x99, "payload format invalid")
        {
            PubAck = DeadLetter, PubRec = DeadLetter,
            ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true,
        },
        new(0x9A, "retain not supported") { ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true },
        new(0x9B, "QoS not supported") { ConnAck = ConnectVerdict.Fault, Disconnect = Reconnect, BlamesPacket = true },
        new(0x9C, "use another server") { ConnAck = ConnectVerdict.Fault, Disconnect = DisconnectVerdict.Fault },
        new(0x9D, "server moved") { ConnAck = ConnectVerdict.Fault, Disconnect = DisconnectVerdict.Fault },
        new(0x9E, "shared subscriptions not supported") { Disconnect = Reconnect },
        new(0x9F, "connection rate exceeded") { ConnAck = ConnectVerdict.Retry, Disconnect = Reconnect },
        new(0xA0, "maximum connect time") { Disconnect = Reconnect },
        new(0xA1, "subscription identifiers not supported") { Disconnect = Reconnect },
        new(0xA2, "wildcard subscriptions not supported") { Disconnect = Reconnect },
    ];

    private static readonly ReasonCode?[] ByCode = Index();

    /// <summary>
    /// What an acknowledgement means. A code that the protocol does not define for it counts as 0x80 from there on, and as success below.
    /// A PUBCOMP always ends the handshake: the message had been handed over by the PUBREC.
    /// </summary>
    public static AckVerdict OfAck(AckKind kind, byte code) => DefinedAck(kind, code) ?? kind switch
    {
        AckKind.PubComp => Confirm,
        _ when code >= 0x80 => AckVerdict.Retry,
        AckKind.PubRec => Release,
        _ => Confirm,
    };

    /// <summary>False: the broker breaks the protocol with this code (MQTT 5 §3.4.2.1, §3.5.2.1, §3.7.2.1), which deserves an alarm.</summary>
    public static bool IsDefined(AckKind kind, byte code) => DefinedAck(kind, code) is not null;

    /// <summary>What a CONNACK that refuses means; an undefined code may pass.</summary>
    public static ConnectVerdict OfConnAck(byte code, bool mqtt5) =>
        (mqtt5 ? ByCode[code]?.ConnAck : ByCode[code]?.ConnAck3) ?? ConnectVerdict.Retry;

    /// <summary>What a DISCONNECT from the broker means; an undefined code may pass.</summary>
    public static DisconnectVerdict OfDisconnect(byte code) => ByCode[code]?.Disconnect ?? Reconnect;

    /// <summary>A DISCONNECT with this code may be the answer to a packet that was in flight. Others speak of the connection, of people or of load.</summary>
    public static bool BlamesPacket(byte code) => ByCode[code]?.BlamesPacket ?? false;

    /// <summary>The code in words and in numbers: <c>not authorized (0x87)</c>.</summary>
    public static string Describe(byte code) => $"{ByCode[code]?.Name ?? "unknown reason"} (0x{code:X2})";

    private static AckVerdict? DefinedAck(AckKind kind, byte code) => kind switch
    {
        AckKind.PubAck => ByCode[code]?.PubAck,
        AckKind.PubRec => ByCode[code]?.PubRec,
        AckKind.PubComp => ByCode[code]?.PubComp,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an acknowledgement of a publish."),
    };

    private static ReasonCode?[] Index()
    {
        var byCode = new ReasonCode?[256];
        foreach (var row in Table) byCode[row.Code] = row;
        return byCode;
    }
}
