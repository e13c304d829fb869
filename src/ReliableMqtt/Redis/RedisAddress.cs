using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>Where Redis is: a StackExchange.Redis configuration, or <c>redis[s]://[[user:]password@]host[:port][/database][,options]</c>.</summary>
internal static class RedisAddress
{
    private const string Expected = "expected host[:port][,options] with the options of StackExchange.Redis, or redis[s]://[[user:]password@]host[:port][/database][,options]";

    /// <exception cref="ArgumentException">It is neither of both. The text does not quote it: it may have a password.</exception>
    public static ConfigurationOptions Parse(string configuration)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(configuration);
        var isSecure = configuration.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase);
        var options = isSecure || configuration.StartsWith("redis://", StringComparison.OrdinalIgnoreCase)
            ? ParseUrl(configuration[(configuration.IndexOf("//", StringComparison.Ordinal) + 2)..])
            : ParseOptions(configuration);
        if (isSecure) options.Ssl = true;

        // What is no host was meant to be something else, and may be a part of a password: it must not be shown as one.
        if (options.EndPoints.Count == 0 || !options.EndPoints.All(IsHost)) throw Bad("names no server");
        return options;
    }

    /// <summary>The configuration as it may be shown.</summary>
    public static string Show(ConfigurationOptions options) => $"{(options.Ssl ? "rediss" : "redis")}://{options.ToString(includePassword: false)}";

    private static ConfigurationOptions ParseUrl(string text)
    {
        // A password may hold an @; options may, too, but they begin behind a comma.
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        var (first, rest) = comma < 0 ? (text, "") : (text[..comma], text[comma..]);
        var at = first.LastIndexOf('@');
        var credentials = at < 0 ? [] : first[..at].Split(':', 2);
        var server = first[(at + 1)..].Split('/', 2);
        if (server[0].Length == 0) throw Bad("names no server");
        if (rest.Split(',', StringSplitOptions.RemoveEmptyEntries).SkipWhile(part => !part.Contains('=', StringComparison.Ordinal)).Any(part => !part.Contains('=', StringComparison.Ordinal)))
            throw Bad("has something behind an option that is none, which may be a part of a password");
        var options = ParseOptions(server[0] + rest);
        if (server.Length > 1 && server[1].Length > 0)
        {
            if (!int.TryParse(server[1], NumberStyles.None, CultureInfo.InvariantCulture, out var database)) throw Bad("has no number of a database behind the slash");
            options.DefaultDatabase = database;
        }

        if (credentials.Length > 1 && credentials[0].Length > 0) options.User = Uri.UnescapeDataString(credentials[0]);
        if (credentials.Length > 0) options.Password = Uri.UnescapeDataString(credentials[^1]);
        return options;
    }

    private static ConfigurationOptions ParseOptions(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text);
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw Bad($"has a bad value for '{error.ParamName}'");
        }
        catch (ArgumentException)
        {
            throw Bad("has an option that StackExchange.Redis does not know");
        }
    }

    private static bool IsHost(EndPoint endpoint) => endpoint switch
    {
        DnsEndPoint dns => Uri.CheckHostName(dns.Host) != UriHostNameType.Unknown,
        IPEndPoint => true,
        _ => endpoint.AddressFamily == System.Net.Sockets.AddressFamily.Unix,
    };

    private static ArgumentException Bad(string problem) => new($"The address of the Redis ledger {problem}: {Expected}. A comma, colon, slash or @ within a password is percent-encoded.");
}
