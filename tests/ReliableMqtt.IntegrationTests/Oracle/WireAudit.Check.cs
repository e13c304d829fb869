using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

// The audit as an assertion of a test.
internal static partial class WireAudit
{
    /// <summary>Fails with everything that breaks a rule, and the whole wire.</summary>
    /// <param name="tap">What was recorded.</param>
    /// <param name="receiveMaximum">The window that counts where the broker states none, or a larger one.</param>
    /// <param name="except">Rows that this wire breaks on purpose.</param>
    /// <param name="finished">True when the publisher says that nothing is pending.</param>
    public static void Check(WireTap tap, int receiveMaximum = 65_535, IReadOnlyCollection<int>? except = null, bool finished = false)
    {
        var problems = Find(tap.Packets, receiveMaximum, finished).Where(problem => except?.Contains(problem.Row) != true).ToList();
        Assert.True(problems.Count == 0, $"{string.Join('\n', problems)}\non the wire:\n{tap}");
    }
}
