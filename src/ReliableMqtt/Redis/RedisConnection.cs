using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The settings of a connection that serves a ledger alone.</summary>
internal static class RedisConnection
{
    private const int DefaultTimeout = 5_000, DefaultConfigCheckSeconds = 60;

    /// <summary>Completes what the application has configured.</summary>
    public static ConfigurationOptions Complete(ConfigurationOptions configuration)
    {
        var options = configuration.Clone();
        options.AbortOnConnectFail = false;

        // A call without a connection fails at once: the ledger keeps the order and repeats by itself, and "not sent" is known, not guessed.
        options.BacklogPolicy = BacklogPolicy.FailFast;

        // Timeouts are noticed at the heartbeat; a dead socket is given up after four of them.
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        if (options.AsyncTimeout == DefaultTimeout) options.AsyncTimeout = 2_000;
        options.ReconnectRetryPolicy = new LinearRetry(250);

        // So often each server is asked what it is: a replica that was promoted without word to its clients is found by that.
        if (options.ConfigCheckSeconds == DefaultConfigCheckSeconds) options.ConfigCheckSeconds = 2;

        // Scripts publish to a channel by its name, without a prefix.
        options.ChannelPrefix = default;

        // CONFIG GET, to tell how durable the server is, is an administrator's command for the client library.
        options.AllowAdmin = true;
        options.ClientName ??= "reliable-mqtt";
        return options;
    }
}
