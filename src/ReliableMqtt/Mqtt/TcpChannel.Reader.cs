using System.Net.Sockets;

namespace ReliableMqtt.Mqtt;

// The thread of a connection: it connects, and then reads whenever it is asked to.
internal sealed partial class TcpChannel
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly ReadPace _pace = new();
    private ArraySegment<byte> _into;
    private TaskCompletionSource<int>? _read;

    public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Ask(new ArraySegment<byte>(buffer, offset, count), new(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);

    public Task<int> ReadInlineAsync(ArraySegment<byte> buffer, int taken, int expected, CancellationToken cancellationToken)
    {
        _pace.Learn(taken, expected);
        return Ask(buffer, new(), cancellationToken);
    }

    private Task<int> Ask(ArraySegment<byte> into, TaskCompletionSource<int> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_read is not null) throw new InvalidOperationException("A read is under way.");
            (_read, _into) = (read, into);
        }

        _asked.Release();
        return cancellationToken.CanBeCanceled ? UntilCancelledAsync(read.Task, cancellationToken) : read.Task;
    }

    private async Task<int> UntilCancelledAsync(Task<int> read, CancellationToken cancellationToken)
    {
        // The bytes of a read that nobody waits for would be missing in the stream: there is no next one.
        using (cancellationToken.UnsafeRegister(static channel => ((TcpChannel)channel!).Dispose(), this))
        {
            try
            {
                return await read.ConfigureAwait(false);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
    }

    private void Run(TaskCompletionSource connected)
    {
        try
        {
            _socket.Connect(options.RemoteEndpoint);
            _socket.Blocking = false;
            (RemoteEndPoint, LocalEndPoint) = (_socket.RemoteEndPoint, _socket.LocalEndPoint);
        }
        catch (Exception e)
        {
            Dispose();
            connected.TrySetException(e);
            return;
        }

        connected.TrySetResult();
        while (true)
        {
            _asked.Wait();
            TaskCompletionSource<int>? read;
            ArraySegment<byte> into;
            lock (_gate)
            {
                (read, into) = (_read, _into);
                _read = null;
            }

            if (read is not null) Answer(read, into);
            else if (_isClosed) return;
        }
    }

    // What waits for the answer goes on here, and mostly has asked for the next one when this returns.
    private void Answer(TaskCompletionSource<int> read, ArraySegment<byte> into)
    {
        int count;
        try
        {
            _pace.Wait();
            count = Receive(into);
        }
        catch (Exception e)
        {
            read.TrySetException(e);
            return;
        }

        read.TrySetResult(count);
    }

    private int Receive(ArraySegment<byte> into)
    {
        while (true)
        {
            var count = _socket.Receive(into, SocketFlags.None, out var error);
            if (error == SocketError.Success) return count;
            if (error != SocketError.WouldBlock) Check(error);
            _socket.Poll(-1, SelectMode.SelectRead);
        }
    }
}
