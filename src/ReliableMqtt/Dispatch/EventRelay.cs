using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

/// <summary>Runs the application's event handlers: one at a time, in order, outside the pump, which they can neither stop nor slow down.</summary>
internal sealed class EventRelay : IAsyncDisposable
{
    private readonly Channel<Func<Task>> _calls = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ILogger _logger;
    private readonly Task _loop;

    public EventRelay(ILogger logger)
    {
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Queues a call of each handler.</summary>
    public void Raise<T>(Func<T, Task>? handlers, T argument)
    {
        if (handlers is not null) Queue(handlers, argument);
    }

    // Apart, since a method makes the object of its closure as it begins: where nobody listens an event costs nothing.
    private void Queue<T>(Func<T, Task> handlers, T argument)
    {
        foreach (var handler in handlers.GetInvocationList().Cast<Func<T, Task>>())
            _calls.Writer.TryWrite(() => handler(argument));
    }

    private async Task RunAsync()
    {
        await foreach (var call in _calls.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await call().ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A handler's error is the application's; the next event must still come.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.EventHandlerFailed(_logger, error);
            }
        }
    }

    /// <summary>Lets the queued calls run, for at most five seconds: a handler may hang, or be the one who disposes.</summary>
    public async ValueTask DisposeAsync()
    {
        _calls.Writer.TryComplete();
        await Task.WhenAny(_loop, Task.Delay(TimeSpan.FromSeconds(5))).ConfigureAwait(false);
    }
}
