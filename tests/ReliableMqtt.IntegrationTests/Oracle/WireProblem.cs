using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>A packet that breaks a rule.</summary>
/// <param name="Row">The row of docs/conformance.md that it breaks.</param>
/// <param name="Packet">The packet.</param>
/// <param name="Text">What is wrong with it.</param>
internal sealed record WireProblem(int Row, WirePacket Packet, string Text)
{
    public override string ToString() => $"{Packet}: {Text} [row {Row}]";
}
