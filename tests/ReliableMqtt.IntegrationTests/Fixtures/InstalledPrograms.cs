namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Where the servers are that this machine has.</summary>
internal static class InstalledPrograms
{
    /// <summary>The path of a program on PATH or in /usr/sbin; null when there is none.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name))
        .Append(Path.Combine("/usr/sbin", name))
        .FirstOrDefault(File.Exists);
}
