namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>What is done with the packets that match, so many times.</summary>
public sealed class TapRule
{
    private readonly List<Func<Task>> _withheld = [];
    private readonly TaskCompletionSource<WirePacket> _hit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left;
    private int _hits;

    internal TapRule(Func<WirePacket, bool> matches, TapAction action, int times) => (Matches, Action, _left) = (matches, action, times);

    /// <summary>Completes with the first packet that it met.</summary>
    public Task<WirePacket> Hit => _hit.Task;

    /// <summary>How many packets it has met.</summary>
    public int Hits => Volatile.Read(ref _hits);

    internal Func<WirePacket, bool> Matches { get; }

    internal TapAction Action { get; }

    /// <summary>Lets go what it withholds, in order, and withholds no more.</summary>
    public async Task ReleaseAsync()
    {
        Func<Task>[] released;
        lock (_withheld)
        {
            _left = 0;
            released = [.. _withheld];
            _withheld.Clear();
        }

        foreach (var forward in released)
        {
            try
            {
                await forward();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException)
            {
                // Its connection is gone: as lost as the packet would have been.
            }
        }
    }

    internal bool TryTake(WirePacket packet, Func<Task> forward)
    {
        lock (_withheld)
        {
            if (_left == 0 || !Matches(packet)) return false;
            _left--;
            if (Action.Kind == TapKind.Withhold) _withheld.Add(forward);
        }

        Interlocked.Increment(ref _hits);
        _hit.TrySetResult(packet);
        return true;
    }
}
