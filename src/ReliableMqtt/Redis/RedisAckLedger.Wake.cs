using ReliableMqtt.Ledger;
using ReliableMqtt.Telemetry;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// What others tell, best effort: whoever wants to know looks by itself as well.
public sealed partial class RedisAckLedger
{
    private async Task SubscribeAsync(Binding binding)
    {
        if (_binding is not null) return;
        _multiplexer!.ConnectionRestored += OnConnectionRestored;
        try
        {
            var subscriber = _multiplexer.GetSubscriber();
            await subscriber.SubscribeAsync(binding.Keys.Wake, OnWoken).ConfigureAwait(false);
            await subscriber.SubscribeAsync(binding.Keys.Finished(_acceptorName), OnFinished).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Best effort: whoever wants to know looks by itself as well.
            Log.WakeUnavailable(binding.Logger, binding.Options.PublisherId, error);
        }
    }

    private async Task UnsubscribeAsync(Binding binding)
    {
        _multiplexer!.ConnectionRestored -= OnConnectionRestored;
        try
        {
            if (_ownsMultiplexer) return;
            var subscriber = _multiplexer.GetSubscriber();
            await subscriber.UnsubscribeAsync(binding.Keys.Wake, OnWoken).ConfigureAwait(false);
            await subscriber.UnsubscribeAsync(binding.Keys.Finished(_acceptorName), OnFinished).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // The handler does nothing any more.
        }
    }

    private void OnWoken(RedisChannel channel, RedisValue value)
    {
        if (value == "look")
        {
            RaiseLossSuspected();
            return;
        }

        if (value == "verified") Look();
        Raise(() => OnChanged(value == "free" ? LedgerChange.Lease : LedgerChange.Backlog));
    }

    private void OnFinished(RedisChannel channel, RedisValue value) => Raise(() => OnFinished(FinishText.Parse((string?)value ?? "")));

    private void OnConnectionRestored(object? sender, ConnectionFailedEventArgs e)
    {
        Look();
        Raise(() => OnChanged(LedgerChange.Connection));
    }

    /// <summary>The owner, if it is this process, should look at once what is left.</summary>
    private void RaiseLossSuspected()
    {
        if (_held.Token.Length > 0) Raise(() => OnChanged(LedgerChange.Connection));
    }

    private void Raise(Action handlers)
    {
        try
        {
            if (!_disposed) handlers();
        }
        catch (Exception error)
        {
            if (_binding is { } binding) Log.EventHandlerFailed(binding.Logger, error);
        }
    }
}
