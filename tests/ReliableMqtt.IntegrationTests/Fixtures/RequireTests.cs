namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class RequireTests
{
    [Fact]
    public void What_is_missing_fails_a_test_in_ci()
    {
        var failure = Assert.Throws<Xunit.Sdk.FailException>(() => Require.Missing("no broker", isCi: true));
        Assert.Contains("no broker", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_skips_a_test_elsewhere()
    {
        // xUnit's own helpers let a skip through.
        try
        {
            Require.Missing("no broker", isCi: false);
        }
        catch (Xunit.Sdk.SkipException skip)
        {
            Assert.Contains("no broker", skip.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Fail("The test should have been skipped.");
    }
}
