using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>The state of the broker's session, as the header has it.</summary>
internal static class SessionText
{
    public static string Format(BrokerSession? session) => session switch
    {
        null => "",
        BrokerSession.None => "none",
        BrokerSession.Established => "established",
        BrokerSession.Condemned => "condemned",
        _ => throw new ArgumentOutOfRangeException(nameof(session), session, "There is no such state."),
    };

    public static BrokerSession Parse(string text) => text switch
    {
        "none" => BrokerSession.None,
        "established" => BrokerSession.Established,
        "condemned" => BrokerSession.Condemned,
        _ => throw new InvalidOperationException($"The ledger's header has the session state '{text}', which is none that this library knows."),
    };
}
