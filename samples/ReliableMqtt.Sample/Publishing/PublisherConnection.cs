namespace ReliableMqtt.Sample.Publishing;

/// <summary>What the sample needs to know of a publisher's connection.</summary>
internal static class PublisherConnection
{
    /// <summary>Waits for a connection. Not needed before publishing at QoS 1 or 2, which is the point of the library; QoS 0 and subscribing need one.</summary>
    public static async Task WaitForConnectionAsync(this IReliablePublisher publisher, CancellationToken cancellationToken)
    {
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task OnChanged(ConnectionStateChange change)
        {
            if (change.State == ConnectionState.Connected) connected.TrySetResult();
            return Task.CompletedTask;
        }

        publisher.ConnectionStateChangedAsync += OnChanged;
        try
        {
            if (publisher.Status.Connection != ConnectionState.Connected) await connected.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            publisher.ConnectionStateChangedAsync -= OnChanged;
        }
    }

    /// <summary>Tells people of what does not pass by itself: refused credentials, or another process with the same id.</summary>
    public static void ReportLastingTrouble(this IReliablePublisher publisher) => publisher.ConnectionStateChangedAsync += change =>
        change.State is ConnectionState.Faulted or ConnectionState.Fenced
            ? Console.Error.WriteLineAsync($"connection {change.State}: {change.Reason}")
            : Task.CompletedTask;
}
