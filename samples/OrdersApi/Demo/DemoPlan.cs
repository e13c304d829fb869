namespace OrdersApi.Demo;

/// <summary>Which processes there are, and with which settings.</summary>
internal sealed class DemoPlan
{
    /// <param name="folder">For their files.</param>
    /// <param name="brokerPort">The broker's port on this machine.</param>
    /// <param name="redis">The ledger that replicas share; null for a file of each.</param>
    /// <param name="traces">Where their spans go.</param>
    public DemoPlan(string folder, int brokerPort, string? redis, TraceBook traces)
    {
        Consumer = new ServiceProcess("consumer", "consumer", [.. Publisher("orders-consumer"), .. File("consumer"), "--Shipments", Path.Combine(folder, "shipments.db")], traces);
        if (redis is null)
        {
            // A file is of one machine and has one process that sends: each replica has its own, and a publisher id of its own.
            Replicas = [Api("orders-1", [.. Publisher("orders-1"), .. File("orders-1")]), Api("orders-2", [.. Publisher("orders-2"), .. File("orders-2")])];
            Senders = Replicas;
        }
        else
        {
            // One publisher id for all. The replicas accept only; a worker, which is one more of the same program, sends.
            var id = $"orders-{Guid.NewGuid():N}";
            string[] shared = [.. Publisher(id), "--Ledger", redis], acceptOnly = [.. shared, "--ReliableMqtt:AcceptOnly", "true"];
            Replicas = [Api("orders-1", acceptOnly), Api("orders-2", acceptOnly)];
            Senders = [Api("worker", shared)];
        }

        ServiceProcess Api(string name, string[] settings) => new(name, "api", settings, traces);

        string[] File(string name) => ["--Ledger", $"sqlite:{Path.Combine(folder, name)}.db"];

        string[] Publisher(string id) =>
        [
            "--ReliableMqtt:PublisherId", id, "--ReliableMqtt:Broker:Host", "127.0.0.1", "--ReliableMqtt:Broker:Port", $"{brokerPort}",
            "--ReliableMqtt:MinBackoff", "00:00:00.050", "--ReliableMqtt:MaxBackoff", "00:00:00.500",
        ];
    }

    /// <summary>They accept orders. The first one is killed.</summary>
    public IReadOnlyList<ServiceProcess> Replicas { get; }

    /// <summary>They send what was accepted; the health of the last one is watched.</summary>
    public IReadOnlyList<ServiceProcess> Senders { get; }

    public ServiceProcess Consumer { get; }

    public IEnumerable<ServiceProcess> All => Senders.Union(Replicas).Append(Consumer);
}
