using System.Globalization;
using System.Net.Sockets;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>
/// Asks a server everything that a ledger on it depends on, with a connection of its own that ends with the question. It reads settings and clock, and runs no script; it writes nothing.
/// </summary>
internal sealed class RedisProbe(string configuration)
{
    /// <summary>Looks once. What cannot be found out is a part of the answer.</summary>
    /// <param name="publisherId">Whose keys are meant when it is asked what may be done. They are not touched.</param>
    /// <param name="time">Our clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<RedisLook> LookAsync(string publisherId, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = RedisConnection.Complete(RedisAddress.Parse(configuration));

        // Here it is an answer that nobody is there, or that the password is wrong.
        (options.AbortOnConnectFail, options.ConnectRetry, options.ClientName) = (true, 1, "reliable-mqtt-doctor");
        var look = new RedisLook { User = string.IsNullOrEmpty(options.User) ? "default" : options.User, UsesSelect = options.DefaultDatabase is > 0 };
        try
        {
            var connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellationToken).ConfigureAwait(false);
            await using var closing = connection.ConfigureAwait(false);
            return await AskAsync(connection.GetDatabase(), new RedisKeys(publisherId), look, time).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or SocketException)
        {
            return look with { Problem = Words(error), IsRefused = IsRefusal(error) };
        }
    }

    private static async Task<RedisLook> AskAsync(IDatabase database, RedisKeys keys, RedisLook look, TimeProvider time)
    {
        var facts = await TryAsync(() => RedisDurability.ReadFactsAsync(database, keys.Header)!).ConfigureAwait(false);
        var memory = await TryAsync(() => RedisDurability.SectionAsync(database, keys.Header, "memory")!).ConfigureAwait(false) ?? [];
        var persistence = await TryAsync(() => RedisDurability.SectionAsync(database, keys.Header, "persistence")!).ConfigureAwait(false) ?? [];
        var replication = await TryAsync(() => RedisDurability.SectionAsync(database, keys.Header, "replication")!).ConfigureAwait(false) ?? [];
        look = look with
        {
            Facts = facts,
            UsedMemory = Number(memory.GetValueOrDefault("used_memory")),
            LastAppend = persistence.GetValueOrDefault("aof_last_write_status"),
            GoodReplicas = (int?)Number(replication.GetValueOrDefault("min_slaves_good_slaves")),
            MinReplicasToWrite = (int?)Number(await RedisDurability.ConfigAsync(database, keys.Header, "min-replicas-to-write").ConfigureAwait(false)),
            MissingRights = await RedisRights.FindMissingAsync(database, keys, look.User, facts?.Mode == "cluster").ConfigureAwait(false),
        };
        return await WithClockAsync(database, look, time).ConfigureAwait(false);
    }

    private static async Task<RedisLook> WithClockAsync(IDatabase database, RedisLook look, TimeProvider time)
    {
        var (before, start) = (time.GetUtcNow(), time.GetTimestamp());
        if (await TryAsync(() => database.ExecuteAsync("TIME", [], CommandFlags.DemandMaster)!).ConfigureAwait(false) is not { } answer) return look;
        var half = time.GetElapsedTime(start) / 2;
        var parts = (RedisValue[])answer!;
        var theirs = DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds((long)parts[0]) + TimeSpan.FromMicroseconds((long)parts[1]);
        return look with { ClockAhead = theirs - (before + half), ClockError = half };
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    // Forbidden, or not known to this kind of server.
    private static async Task<T?> TryAsync<T>(Func<Task<T?>> ask) where T : class
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisServerException or RedisCommandException)
        {
            return null;
        }
    }

    private static bool IsRefusal(Exception error) =>
        All(error).Any(e => e is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } || ServersWords(e.Message) is not null);

    // The client library writes for programmers, and its advice would be the wrong one here.
    private static string Words(Exception error)
    {
        if (All(error).Select(e => ServersWords(e.Message)).FirstOrDefault(words => words is not null) is { } words) return words;
        if (All(error).OfType<SocketException>().FirstOrDefault() is { } socket) return socket.Message;
        var text = error.Message.Replace("It was not possible to connect to the redis server(s). ", "", StringComparison.Ordinal);
        var advice = text.IndexOf(" To allow this multiplexer", StringComparison.Ordinal);
        return (advice > 0 ? text[..advice] : text).TrimEnd('.');
    }

    private static string? ServersWords(string text)
    {
        foreach (var word in new[] { "WRONGPASS", "NOAUTH", "NOPERM" })
            if (text.IndexOf(word, StringComparison.Ordinal) is >= 0 and var begin) return text[begin..].TrimEnd('.');
        return null;
    }

    private static IEnumerable<Exception> All(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException) yield return e;
    }
}
