namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>
/// What the fixtures need from whoever uses them. For a test: a missing server skips it with the reason; with CI=true it fails, so that nothing is skipped
/// unseen. ReliableMqtt.Torture, which uses the same fixtures without a test framework, has its own version of this class.
/// </summary>
public static class Require
{
    /// <summary>The path of the mosquitto broker.</summary>
    public static string Mosquitto()
    {
        var path = FindMosquitto();
        if (path is null) Missing("mosquitto was found neither on PATH nor in /usr/sbin: install the package 'mosquitto'.");
        return path!;
    }

    /// <summary>The path of redis-server.</summary>
    public static string Redis()
    {
        var path = InstalledPrograms.Find("redis-server");
        if (path is null) Missing("redis-server was found neither on PATH nor in /usr/sbin: install the package 'redis-server'.");
        return path!;
    }

    /// <summary>Ends the waits of fixtures.</summary>
    internal static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static string? FindMosquitto() => InstalledPrograms.Find("mosquitto");

    /// <summary>Ends the test for want of something.</summary>
    internal static void Missing(string reason, bool? isCi = null)
    {
        if (isCi ?? Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
