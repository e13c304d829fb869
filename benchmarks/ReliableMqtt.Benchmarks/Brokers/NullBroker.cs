using System.Reflection;

namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>The verb null-broker of this program, as a process of its own: a broker that costs so little that the client is the limit.</summary>
internal sealed class NullBroker : LocalServer, IBroker
{
    public string Name => "null";

    public static Task<IBroker> StartAsync(CancellationToken cancellationToken) => StartAsync(long.MaxValue, cancellationToken);

    /// <param name="confirms">How many messages of a connection it confirms; it keeps silent about others.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IBroker> StartAsync(long confirms, CancellationToken cancellationToken)
    {
        var broker = new NullBroker();
        var self = Environment.ProcessPath!;
        string[] verb = ["null-broker", "--port", $"{broker.Port}", "--confirms", $"{confirms}"];
        // `dotnet X.dll` has the host's path for the process.
        var isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        await broker.StartAsync(self, isHost ? [Assembly.GetExecutingAssembly().Location, .. verb] : verb, cancellationToken);
        return broker;
    }
}
