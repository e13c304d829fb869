using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// The audit as an assertion of a test.
internal static partial class WireAudit
{
    /// <summary>Fails with everything that breaks a rule, and the whole wire.</summary>
    /// <param name="tap">What was recorded.</param>
    /// <param name="receiveMaximum">The window that counts.</param>
    public static void Check(WireTap tap, int receiveMaximum = 65_535)
    {
        var problems = Find(tap.Packets, receiveMaximum);
        Assert.True(problems.Count == 0, $"{string.Join('\n', problems)}\non the wire:\n{tap}");
    }
}
