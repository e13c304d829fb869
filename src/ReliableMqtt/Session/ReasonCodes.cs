using System.Globalization;

namespace ReliableMqtt.Session;

/// <summary>What a refused CONNECT means.</summary>
internal enum ConnectVerdict { Retry, Fault }

/// <summary>What a DISCONNECT of the broker means.</summary>
internal enum DisconnectVerdict { Reconnect, Fault, Stop }

/// <summary>What the reason codes of CONNACK and DISCONNECT mean to a publisher that reconnects.</summary>
internal static class ReasonCodes
{
    /// <summary>The verdict on a CONNACK that is not a success.</summary>
    public static ConnectVerdict OfConnAck(byte code, bool mqtt5) => (code, mqtt5) switch
    {
        (0x80 or 0x83 or 0x88 or 0x89 or 0x97 or 0x9F, true) or (3, false) => ConnectVerdict.Retry,
        _ => ConnectVerdict.Fault,
    };

    /// <summary>The verdict on a DISCONNECT.</summary>
    public static DisconnectVerdict OfDisconnect(byte code) => code switch
    {
        0x8E => DisconnectVerdict.Stop,
        0x87 or 0x8C or 0x9C or 0x9D => DisconnectVerdict.Fault,
        _ => DisconnectVerdict.Reconnect,
    };

    /// <summary>The code in words.</summary>
    public static string Describe(byte code) => "reason code 0x" + code.ToString("X2", CultureInfo.InvariantCulture);
}
