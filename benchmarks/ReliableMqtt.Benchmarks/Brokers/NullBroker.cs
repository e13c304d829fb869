using System.Reflection;

namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>The verb null-broker of this program, as a process of its own: a broker that costs so little that the client is the limit.</summary>
internal sealed class NullBroker : LocalServer, IBroker
{
    public string Name => "null";

    public static async Task<IBroker> StartAsync(CancellationToken cancellationToken)
    {
        var broker = new NullBroker();
        var self = Environment.ProcessPath!;
        string[] verb = ["null-broker", "--port", $"{broker.Port}"];
        // `dotnet X.dll` has the host's path for the process.
        var isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        await broker.StartAsync(self, isHost ? [Assembly.GetExecutingAssembly().Location, .. verb] : verb, cancellationToken);
        return broker;
    }
}
