namespace ReliableMqtt.Sample.Demo;

/// <summary>Whoever publishes the readings of the demo.</summary>
internal interface IDemoPublisher : IAsyncDisposable
{
    /// <summary>The client ids that the broker may drop.</summary>
    IReadOnlyList<string> ClientIds { get; }

    int Accepted { get; }

    int Confirmed { get; }

    /// <summary>Why the first message that failed did so; null when none has.</summary>
    string? FirstProblem { get; }

    /// <summary>Something must have gone wrong on the way, and was mended: handshakes were resumed, or processes killed.</summary>
    string Proof { get; }

    /// <summary>False when there was nothing to mend: then the demo has shown nothing.</summary>
    bool HasProof { get; }

    /// <summary>More figures, for people who watch.</summary>
    IReadOnlyList<(string Name, string Value)> Figures { get; }

    /// <summary>Publishes all readings, and waits until all are confirmed.</summary>
    Task RunAsync(CancellationToken stop);
}
