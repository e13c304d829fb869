namespace ReliableMqtt.Torture.Verbs.Receiving;

/// <summary>One leg.</summary>
/// <param name="Mode">How messages are handled.</param>
/// <param name="Messages">How many, half of them of each QoS.</param>
/// <param name="Kills">How often the handler's process is killed.</param>
/// <param name="Wipes">How often the broker is killed and begins with nothing.</param>
internal sealed record ReceivingPlan(HandlerMode Mode, int Messages, int Kills, int Wipes);
