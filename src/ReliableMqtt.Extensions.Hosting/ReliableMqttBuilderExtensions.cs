using MQTTnet;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt;

/// <summary>Ledger and client of a hosted publisher.</summary>
public static class ReliableMqttBuilderExtensions
{
    /// <summary>Keeps accepted messages in Redis, on a connection of the ledger's own: the better choice.</summary>
    /// <param name="builder">The publisher.</param>
    /// <param name="configuration">See <see cref="RedisAckLedger(string)"/>.</param>
    /// <exception cref="ArgumentException">It is not a configuration of StackExchange.Redis. The message does not quote it.</exception>
    public static IReliableMqttBuilder UseRedisLedger(this IReliableMqttBuilder builder, string configuration)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = new RedisAckLedger(configuration); // What is wrong with it is said here and now; nothing is opened.
        return builder.UseLedger(_ => new RedisAckLedger(configuration));
    }

    /// <summary>Keeps accepted messages in Redis, on a connection of the ledger's own.</summary>
    public static IReliableMqttBuilder UseRedisLedger(this IReliableMqttBuilder builder, ConfigurationOptions configuration)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configuration);
        return builder.UseLedger(_ => new RedisAckLedger(configuration));
    }

    /// <summary>Keeps accepted messages in Redis, on a connection of the application's, which is not disposed. See <see cref="RedisAckLedger(IConnectionMultiplexer, int)"/>.</summary>
    public static IReliableMqttBuilder UseRedisLedger(this IReliableMqttBuilder builder, IConnectionMultiplexer connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return builder.UseRedisLedger(_ => connection);
    }

    /// <summary>As the one before, with the connection out of the container: <c>UseRedisLedger(services => services.GetRequiredService&lt;IConnectionMultiplexer&gt;())</c>.</summary>
    public static IReliableMqttBuilder UseRedisLedger(this IReliableMqttBuilder builder, Func<IServiceProvider, IConnectionMultiplexer> connection)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(connection);
        return builder.UseLedger(services => new RedisAckLedger(connection(services)));
    }

    /// <summary>Keeps accepted messages in memory: all of them are lost when the process ends. For tests.</summary>
    public static IReliableMqttBuilder UseInMemoryLedger(this IReliableMqttBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseLedger(_ => new InMemoryAckLedger());
    }

    /// <summary>Sets more of the connection than the configuration does (TLS options, web sockets, a token). Runs for each connection, after the configuration's settings.</summary>
    public static IReliableMqttBuilder ConfigureMqttClient(this IReliableMqttBuilder builder, Action<IServiceProvider, MqttClientOptionsBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Of(builder).Add(configure);
        return builder;
    }

    /// <summary>Attaches handlers to the client before its first connect. See <see cref="ReliablePublisherOptions.ConfigureClient"/>.</summary>
    public static IReliableMqttBuilder ConfigureClient(this IReliableMqttBuilder builder, Action<IServiceProvider, IMqttClient> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Of(builder).Clients.Add(configure);
        return builder;
    }

    private static PublisherRegistration Of(IReliableMqttBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder as PublisherRegistration ?? throw new ArgumentException("This builder was not made by AddReliableMqtt.", nameof(builder));
    }
}
