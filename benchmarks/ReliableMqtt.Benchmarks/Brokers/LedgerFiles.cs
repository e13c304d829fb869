namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>Files for ledgers, on the disk of the working folder: a temporary one may be memory. Gone at the end.</summary>
internal sealed class LedgerFiles : IDisposable
{
    private readonly string _folder = Directory.CreateDirectory(Path.Combine("artifacts", $"ledgers-{Environment.ProcessId}")).FullName;

    /// <summary>One that nobody has used before.</summary>
    public string New() => Path.Combine(_folder, $"{Guid.NewGuid():n}.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
