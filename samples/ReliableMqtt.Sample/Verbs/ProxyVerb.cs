using System.CommandLine;
using System.Globalization;
using System.Net;
using ReliableMqtt.Sample.Proxy;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Verbs;

/// <summary><c>proxy</c>: a bad link to a good broker, to test one's own settings with.</summary>
internal static class ProxyVerb
{
    public static Command Create()
    {
        var listen = new Option<int>("--listen")
        {
            Description = "Port on 127.0.0.1; 0 for any that is free",
            HelpName = "PORT",
            Validators = { r => CommonOptions.RequireBetween(r, 0, 65_535) },
        };
        var to = new Option<DnsEndPoint>("--to")
        {
            Description = "Where connections are passed on to",
            HelpName = "HOST:PORT",
            Required = true,
            CustomParser = argument => CommonOptions.Parse(argument, ParseEndPoint),
        };
        var cutBytes = new Option<ByteRange>("--cut-bytes")
        {
            Description = "Each connection ends after a random number of bytes out of this range, counted in both directions",
            HelpName = "MIN-MAX",
            DefaultValueFactory = _ => new ByteRange(1_000, 50_000),
            CustomParser = argument => CommonOptions.Parse(argument, ByteRange.Parse),
        };
        var maxCuts = new Option<long?>("--max-cuts") { Description = "After so many cuts connections live on. Default: never", HelpName = "N" };
        var seed = CommonOptions.Seed();

        var command = new Command(
            "proxy", "For testing your own settings: passes connections on to a broker and cuts them at random bytes, until Ctrl-C or SIGTERM.")
        {
            listen, to, cutBytes, maxCuts, seed,
        };
        command.SetAction(async (parsed, stop) =>
        {
            var drawnFrom = parsed.GetValue(seed) ?? Random.Shared.Next();
            var proxy = new CuttingProxy(
                parsed.GetValue(listen), parsed.GetRequiredValue(to), parsed.GetValue(cutBytes), parsed.GetValue(maxCuts) ?? long.MaxValue, drawnFrom)
            {
                OnCut = Console.WriteLine,
            };
            await using (proxy)
            {
                Console.WriteLine($"seed={drawnFrom}");
                Console.WriteLine($"port={proxy.Port}");
                proxy.Start();
                try
                {
                    await Task.Delay(Timeout.Infinite, stop);
                }
                catch (OperationCanceledException)
                {
                    // The way it ends.
                }
            }

            Console.WriteLine($"cuts={proxy.Cuts}");
            return CommandLine.Success;
        });
        return command;
    }

    private static DnsEndPoint ParseEndPoint(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65_535
            ? new DnsEndPoint(text[..colon], port)
            : throw new FormatException($"'{text}' is not an address: expected HOST:PORT.");
    }
}
