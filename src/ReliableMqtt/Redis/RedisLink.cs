using System.Runtime.ExceptionServices;
using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>
/// Runs scripts, and turns what can go wrong into the two things that a ledger must tell apart: there is no answer (yet), or there is one.
/// All scripts are safe to repeat, so no answer is answered by asking again.
/// </summary>
internal sealed class RedisLink(IConnectionMultiplexer multiplexer, int database, TimeProvider time)
{
    /// <summary>How long a call asks again by itself before it says that the ledger is unavailable: a restart of the server is shorter as a rule.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // Also what only reads: a replica may be behind, and would say of the past that it is the present.
    private const CommandFlags OnlyMaster = CommandFlags.DemandMaster;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public TimeProvider Time => time;

    public IDatabase Database { get; } = multiplexer.GetDatabase(database);

    /// <summary>Runs a script until it answers.</summary>
    /// <exception cref="LedgerUnavailableException">It did not for a while: it may have been applied or not.</exception>
    public async Task<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken) =>
        (await RunCountedAsync(script, keys, values, cancellationToken).ConfigureAwait(false)).Answer;

    /// <summary>As <see cref="RunAsync"/>, and says how many calls it took: after a single one nobody reads its arguments any more.</summary>
    public async Task<(RedisResult Answer, int Calls)> RunCountedAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        LedgerUnavailableException? telling = null;
        ConnectionReason? connecting = null;
        try
        {
            for (var calls = 1; ; calls++)
            {
                try
                {
                    return (await TryRunAsync(script, keys, values, cancellationToken).ConfigureAwait(false), calls);
                }
                catch (LedgerUnavailableException error) when (!IsOutOfMemory(error))
                {
                    if (telling is null || Weight(error) >= Weight(telling)) telling = error;
                }

                if (time.GetElapsedTime(begun) >= Patience)
                {
                    if (Weight(telling) == 0 && connecting?.Reason is { } reason) throw new LedgerUnavailableException($"The ledger's script '{script.Name}' {Unsent(reason)}", telling.InnerException!);
                    ExceptionDispatchInfo.Throw(telling);
                }

                connecting ??= new ConnectionReason(multiplexer);
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            connecting?.Dispose();
        }
    }

    /// <summary>Runs a script once. The arguments must stay unchanged for ever when this throws: a copy of the call may still be on its way.</summary>
    public async Task<RedisResult> TryRunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            try
            {
                return await Database.ScriptEvaluateAsync(script.Hash, keys, values, OnlyMaster).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
                // A server that does not know the script, since it has just begun, has not run it. Not sent at once: the client library would hash all of the text at each call.
                return await Database.ScriptEvaluateAsync(script.Text, keys, values, OnlyMaster).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is RedisException or TimeoutException or ObjectDisposedException)
        {
            throw new LedgerUnavailableException($"The ledger's script '{script.Name}' {Explain(error)}", error);
        }
    }

    /// <summary>Deletes a key, and does not mind if it cannot.</summary>
    public async Task TryDeleteAsync(RedisKey key)
    {
        try
        {
            await Database.KeyDeleteAsync(key).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or ObjectDisposedException)
        {
            // It has an expiry.
        }
    }

    /// <summary>The server has refused to store more, before it wrote anything.</summary>
    public static bool IsOutOfMemory(LedgerUnavailableException error) =>
        error.InnerException is RedisServerException server
        && (server.Message.StartsWith("OOM", StringComparison.Ordinal) || server.Message.Contains("-OOM", StringComparison.Ordinal));

    /// <summary>The call certainly did not reach the server, or the server refused it before it ran.</summary>
    public static bool WasNotRun(LedgerUnavailableException error) => error.InnerException switch
    {
        RedisServerException => true,
        { } cause => WasNotSent(cause),
        null => false,
    };

    // Of several attempts the one is told that may have been applied; else one that knows why. While a connection is being made or given up there is no reason to be had.
    private static int Weight(LedgerUnavailableException error) =>
        !WasNotRun(error) ? 2 : IsReason(error) ? 1 : 0;

    private static bool IsReason(Exception error) => Roots(error).Any(root => root is not (RedisConnectionException or ObjectDisposedException));

    private static bool WasNotSent(Exception error) => error switch
    {
        RedisConnectionException connection => connection.CommandStatus is CommandStatus.WaitingToBeSent or CommandStatus.WaitingInBacklog,
        RedisTimeoutException timeout => timeout.Commandstatus is CommandStatus.WaitingToBeSent or CommandStatus.WaitingInBacklog,
        _ => false,
    };

    private static string Explain(Exception error) => error switch
    {
        RedisServerException => $"was refused by the server and has changed nothing: {error.Message}",
        RedisConnectionException when WasNotSent(error) => Unsent(error),
        TimeoutException => "was not answered in time; it may have been applied, and is safe to repeat.",
        _ => $"got no answer; it may have been applied, and is safe to repeat: {Reason(error)}",
    };

    private static string Unsent(Exception reason) => $"has changed nothing, since there is no connection to Redis to send it by: {Reason(reason)}";

    // Why there is no connection stands at the bottom, of the one or of the other server: a refused port, a certificate, a password.
    private static string Reason(Exception error) => string.Join("; ", Roots(error).Select(root => root.Message).Distinct());

    private static IEnumerable<Exception> Roots(Exception error) => error switch
    {
        AggregateException several => several.InnerExceptions.SelectMany(Roots),
        { InnerException: { } inner } => Roots(inner),
        _ => [error],
    };

    /// <summary>Why attempts to connect fail while a call waits for one: a call that meets a connection which is being given up is not told.</summary>
    private sealed class ConnectionReason : IDisposable
    {
        private readonly IConnectionMultiplexer _multiplexer;
        private volatile Exception? _reason;

        public ConnectionReason(IConnectionMultiplexer multiplexer)
        {
            _multiplexer = multiplexer;
            multiplexer.ConnectionFailed += OnFailed;
        }

        public Exception? Reason => _reason;

        public void Dispose() => _multiplexer.ConnectionFailed -= OnFailed;

        private void OnFailed(object? sender, ConnectionFailedEventArgs e)
        {
            if (e.Exception is { } error && IsReason(error)) _reason = error;
        }
    }
}
