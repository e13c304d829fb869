namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>A broker in a process of its own.</summary>
internal interface IBroker : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Where it listens on the loopback address.</summary>
    int Port { get; }

    /// <summary>Time that its process has had on a processor.</summary>
    TimeSpan ProcessorTime { get; }
}
