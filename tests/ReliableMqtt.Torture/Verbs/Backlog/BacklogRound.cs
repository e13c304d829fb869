using System.Diagnostics;
using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Processes;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Verbs.Backlog;

/// <summary>One process accepts everything and is killed; another one, started cold, sends from what is there.</summary>
internal sealed class BacklogRound(Run run, int messages, TimeSpan drain)
{
    private const string PublisherId = "backlog";
    private const double MiB = 1 << 20, MostGrowthMiB = 200, MostSecondsToSend = 1, MostMemoryFactor = 1.2;

    // The short run is one of many on a machine that others use as well; a start that read the backlog would take far longer.
    private const double MostSecondsInShort = 3;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60), SettleLimit = TimeSpan.FromSeconds(2);

    private const int ColdStarts = 3;

    private readonly List<double> _toFirstPublish = [];
    private readonly List<double> _fromProcessStart = [];
    private double _idle;

    public async Task ExecuteAsync()
    {
        // Rewriting the append-only file takes memory for a while, which is not the messages'.
        await using var site = await Site.StartAsync(run, new RedisSettings { ExtraLines = ["auto-aof-rewrite-percentage 0"] }, counts: false, keepsWire: false);
        await using var connection = await site.Redis.ConnectAsync();
        site.Proxy.Refuses = true;
        await AcceptAsync(site, connection);
        site.Proxy.Refuses = false;
        await SendAsync(site, connection.GetDatabase());
    }

    private async Task AcceptAsync(Site site, ConnectionMultiplexer connection)
    {
        var states = new StateLines();
        await using var process = Start(AcceptVerb.Name, site, states);
        await states.WaitAsync("started", process, StartLimit, run.Stop);
        var database = connection.GetDatabase();
        if (!await Patience.UntilAsync(async () => await database.KeyExistsAsync(Key("lease")), StartLimit, run.Stop)) throw new TimeoutException("Nobody takes the lease.");
        await Task.Delay(SettleLimit, run.Stop);
        _idle = MemoryWatch.Read(process.Id) ?? 0;
        var redisBefore = await UsedMemoryAsync(connection);

        await using var memory = MemoryWatch.Start(process.Id);
        var started = Stopwatch.GetTimestamp();
        process.Send($"go {messages}");
        var accepted = await states.WaitAsync("accepted", process, TimeSpan.FromMinutes(30), run.Stop);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        run.Report.Say($"{accepted:N0} messages accepted in {seconds:0.0} s");
        await Task.Delay(SettleLimit, run.Stop);

        run.Report.RequireEqual("accepted with the broker down", accepted, messages);
        run.Report.RequireEqual("in the ledger", await database.ListLengthAsync(Key("backlog")), messages);
        run.Report.RequireAtMost("accepting process: memory above idle", (memory.Most - _idle) / MiB, MostGrowthMiB, " MiB");
        var record = (double)await database.HashGetAsync(Key("header"), "qbytes") / messages;
        var inRedis = (await UsedMemoryAsync(connection) - redisBefore) / messages;
        run.Report.RequireAtMost("Redis: bytes a message, against its record", inRedis, record * MostMemoryFactor, " B");
        run.Report.Figure("messages", messages);
        run.Report.Figure("accept_rate", accepted / seconds);
        run.Report.Figure("idle_mib", _idle / MiB);
        run.Report.Figure("accept_growth_mib", (memory.Most - _idle) / MiB);
        run.Report.Figure("record_bytes", record);
        run.Report.Figure("redis_bytes_a_message", inRedis);
        await process.KillAsync();
    }

    // All but the last are killed when their first PUBLISH comes to the proxy, and none of it passes: each of them starts from the whole backlog.
    private async Task SendAsync(Site site, IDatabase database)
    {
        for (var start = 1; start <= ColdStarts; start++)
        {
            if (start < ColdStarts) site.Tap.On(MqttControlPacketType.Publish, TapAction.CutBefore);
            var watch = new DrainWatch(site.Tap);
            var states = new StateLines();
            await using var process = Start(SendVerb.Name, site, states);
            await using var memory = MemoryWatch.Start(process.Id);
            var main = await states.WaitAsync("main", process, StartLimit, run.Stop);
            if (!await Patience.UntilAsync(() => watch.FirstPublish != 0, StartLimit, run.Stop)) throw new TimeoutException($"A cold process has not begun to send after {StartLimit.TotalSeconds} s.\n{process.Complaints}");
            _toFirstPublish.Add(Stopwatch.GetElapsedTime(main, watch.FirstPublish).TotalSeconds);
            _fromProcessStart.Add(Stopwatch.GetElapsedTime(process.Started, watch.FirstPublish).TotalSeconds);
            if (start == ColdStarts) await DrainAsync(process, watch, memory, database);
            else await process.KillAsync();
            watch.Stop();
        }

        run.Report.RequireAtMost("cold process: StartAsync to first PUBLISH at the proxy, median", _toFirstPublish.Order().ElementAt(ColdStarts / 2), run.IsQuick ? MostSecondsInShort : MostSecondsToSend, " s");
        run.Report.Figure("first_publish_s", _toFirstPublish.Order().ElementAt(ColdStarts / 2));
        run.Report.Figure("first_publish_max_s", _toFirstPublish.Max());
        run.Report.Figure("first_publish_after_process_start_s", _fromProcessStart.Order().ElementAt(ColdStarts / 2));
    }

    private async Task DrainAsync(ChildProcess process, DrainWatch watch, MemoryWatch memory, IDatabase database)
    {
        await Patience.UntilAsync(() => watch.Acknowledged >= messages, drain, run.Stop);
        var (acknowledged, seconds) = (watch.Acknowledged, Stopwatch.GetElapsedTime(watch.FirstPublish).TotalSeconds);
        await process.KillAsync();
        run.Report.Say($"{acknowledged:N0} sent from the backlog in {seconds:0.0} s");
        run.Report.Require("sent from the backlog", acknowledged > 0, $"{acknowledged}", $"more than 0");
        run.Report.RequireEqual("sent out of order, twice or changed", watch.OutOfOrder, 0);
        run.Report.RequireAtMost("sending process: memory above idle", (memory.Most - _idle) / MiB, MostGrowthMiB, " MiB");
        var left = await database.ListLengthAsync(Key("backlog")) + await database.HashLengthAsync(Key("inflight"));
        run.Report.RequireAtMost("gone from the ledger, against acknowledged", messages - left, watch.Acknowledged);
        run.Report.Figure("sent", acknowledged);
        run.Report.Figure("send_rate", acknowledged / seconds);
        run.Report.Figure("send_growth_mib", (memory.Most - _idle) / MiB);
    }

    private ChildProcess Start(string verb, Site site, StateLines states) => ChildProcess.Start(
        verb, ChildOptions.Arguments(verb, ChildOptions.Redis(site.Redis.Address), site.Proxy.Port, PublisherId, TimeSpan.FromSeconds(10), run.Logging is not null), line => states.Take(line), verbose: run.Logging is not null);

    private static RedisKey Key(string name) => $"reliable-mqtt:{{{PublisherId}}}:{name}";

    private static async Task<double> UsedMemoryAsync(ConnectionMultiplexer connection) =>
        double.Parse((await connection.GetServers()[0].InfoAsync("memory")).SelectMany(group => group).First(line => line.Key == "used_memory").Value, CultureInfo.InvariantCulture);
}
