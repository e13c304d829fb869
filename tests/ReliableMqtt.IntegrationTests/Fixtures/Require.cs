namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>What a test needs from the machine. Missing, it skips the test with the reason; with CI=true it fails, so that nothing is skipped unseen.</summary>
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
        var path = Find("redis-server");
        if (path is null) Missing("redis-server was found neither on PATH nor in /usr/sbin: install the package 'redis-server'.");
        return path!;
    }

    internal static string? FindMosquitto() => Find("mosquitto");

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name))
        .Append(Path.Combine("/usr/sbin", name))
        .FirstOrDefault(File.Exists);

    /// <summary>Ends the test for want of something.</summary>
    internal static void Missing(string reason, bool? isCi = null)
    {
        if (isCi ?? Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
