using ReliableMqtt.Sample.Broker;

namespace ReliableMqtt.Sample.Demo;

/// <summary>What the demo does to its broker while messages are on their way, besides the proxy's cuts: it drops the publisher, and restarts.</summary>
internal sealed class DemoTrouble(EmbeddedBroker broker, IReadOnlyList<string> victims, Random random)
{
    private const int PlannedRestarts = 3;
    private int _drops, _restarts;

    public int Drops => Volatile.Read(ref _drops);

    public int Restarts => Volatile.Read(ref _restarts);

    /// <summary>Makes trouble until stopped.</summary>
    /// <param name="progress">How much of the work is done, from 0 to 1; the restarts are spread over it.</param>
    /// <param name="stop">Ends the trouble, but no restart half-way.</param>
    public async Task MakeAsync(Func<double> progress, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(random.Next(200, 800), stop);
                if (Restarts < PlannedRestarts && progress() > (Restarts + 1.0) / (PlannedRestarts + 1))
                {
                    await broker.RestartAsync();
                    Interlocked.Increment(ref _restarts);
                }
                else
                {
                    Interlocked.Add(ref _drops, await broker.CutConnectionsAsync(victims[random.Next(victims.Count)]));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Enough of it.
        }
    }
}
