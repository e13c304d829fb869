using System.CommandLine;
using ReliableMqtt.Tool.Settings;
using ReliableMqtt.Tool.Watching;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>watch</c>: the counts of ledgers, again and again.</summary>
internal static class WatchVerb
{
    private const int LongestInterval = 3_600;

    public static Command Create(ToolHost host)
    {
        var ledger = CommonOptions.Ledger(host);
        var publisherIds = CommonOptions.PublisherIds();
        var json = new Option<bool>("--json") { Description = "One JSON object a line for each publisher id and look, for scripts" };
        var interval = new Option<int>("--interval")
        {
            Description = $"So many seconds between two looks, 1 to {LongestInterval}",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 2,
            CustomParser = argument => CommonOptions.Parse(argument, text => (int)CommonOptions.Number(text, 1, LongestInterval)),
        };
        var count = new Option<long?>("--count")
        {
            Description = "End after so many looks. Default: go on until Ctrl-C",
            HelpName = "N",
            CustomParser = argument => CommonOptions.Parse(argument, text => (long?)CommonOptions.Number(text, 1, long.MaxValue)),
        };
        var command = new Command("watch", "Shows again and again how much is pending, in flight, dead, how old the oldest is, who dispatches, and how fast it goes. It only looks.")
        {
            ledger, publisherIds, interval, count, json,
        };
        command.SetAction((parsed, stop) =>
        {
            IWatchOutput output = parsed.GetValue(json) ? new WatchJson(host) : host.Width is null ? new WatchLines(host) : new WatchScreen(host);
            return RunAsync(host, parsed.GetRequiredValue(ledger), parsed.GetRequiredValue(publisherIds), TimeSpan.FromSeconds(parsed.GetValue(interval)), parsed.GetValue(count), output, stop);
        });
        return command;
    }

    private static async Task<int> RunAsync(ToolHost host, LedgerAddress address, string[] publisherIds, TimeSpan interval, long? count, IWatchOutput output, CancellationToken stop)
    {
        var ledgers = new List<WatchedLedger>();
        try
        {
            foreach (var id in publisherIds.Distinct())
            {
                ledgers.Add(new WatchedLedger(host.Create(address), id, host.Time));
                await ledgers[^1].OpenAsync(stop);
            }

            for (var done = 0L; ;)
            {
                var looks = new List<LedgerLook>();
                foreach (var ledger in ledgers)
                {
                    var look = await ledger.LookAsync(stop);
                    looks.Add(look.Error is { } error ? look with { Error = host.Hide(error) } : look);
                }

                output.Show(looks);
                if (++done == count) return looks.Max(look => look.ExitCode);
                await host.Wait(interval, stop);
            }
        }
        finally
        {
            foreach (var ledger in ledgers) await ledger.DisposeAsync();
        }
    }
}
