namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>What a test needs from the machine. Missing, it skips the test with the reason; with CI=true it fails, so that nothing is skipped unseen.</summary>
public static class Require
{
    private const string Usual = "/usr/sbin/mosquitto";

    /// <summary>The path of the mosquitto broker.</summary>
    public static string Mosquitto()
    {
        var path = FindMosquitto();
        if (path is null) Missing("mosquitto was found neither on PATH nor in /usr/sbin: install the package 'mosquitto'.");
        return path!;
    }

    internal static string? FindMosquitto() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "mosquitto.exe" : "mosquitto"))
        .Append(Usual)
        .FirstOrDefault(File.Exists);

    /// <summary>Ends the test for want of something.</summary>
    internal static void Missing(string reason, bool? isCi = null)
    {
        if (isCi ?? Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
