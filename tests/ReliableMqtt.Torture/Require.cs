using ReliableMqtt.Torture;

// The fixtures are shared with the integration tests as source files; this is the one that differs.
namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>What the fixtures need from a program: a missing server ends it with exit code 2.</summary>
internal static class Require
{
    /// <summary>Ends the waits of fixtures: set by the verb that runs.</summary>
    public static CancellationToken Cancellation { get; set; }

    public static string Mosquitto() => Program("mosquitto");

    public static string Redis() => Program("redis-server");

    /// <summary>The path of an installed program.</summary>
    /// <exception cref="MissingException">There is none.</exception>
    public static string Program(string name) =>
        InstalledPrograms.Find(name) ?? throw new MissingException($"{name} was found neither on PATH nor in /usr/sbin: install it.");
}
