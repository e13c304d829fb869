using System.Collections.Concurrent;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>
/// The one thread that uses a database connection, in the order of the calls. A commit waits for the disk: on a thread of its own that blocks nobody, and the pump gathers meanwhile.
/// </summary>
internal sealed class SqliteThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private Action _afterwards = () => { };

    public SqliteThread()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "ReliableMqtt.Sqlite" };
        _thread.Start();
    }

    /// <summary>On the thread: what is done after each call, when it is answered. Must not throw.</summary>
    public void DoAfterwards(Action afterwards) => _afterwards = afterwards;

    /// <summary>Runs it on the thread. What has begun is not cancelled: it would not be known whether it was stored.</summary>
    /// <exception cref="ObjectDisposedException">The thread has ended.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<T>(cancellationToken);
        var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _work.Add(() => Run(work, source, cancellationToken), CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            return Task.FromException<T>(new ObjectDisposedException(nameof(SqliteAckLedger)));
        }

        return source.Task;
    }

    /// <summary>Lets all that was given to it come to its end, and ends.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        if (Thread.CurrentThread != _thread) _thread.Join();
        _work.Dispose();
    }

    private static void Run<T>(Func<T> work, TaskCompletionSource<T> source, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            source.SetCanceled(cancellationToken);
            return;
        }

        try
        {
            source.SetResult(work());
        }
#pragma warning disable CA1031 // It goes to whoever has asked.
        catch (Exception error)
#pragma warning restore CA1031
        {
            source.SetException(error);
        }
    }

    private void Work()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
            _afterwards();
        }
    }
}
