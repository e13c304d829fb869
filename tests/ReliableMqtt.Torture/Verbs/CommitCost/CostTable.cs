using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.Torture.Verbs.CommitCost;

/// <summary>All measurements, in turn, and their medians.</summary>
internal static class CostTable
{
    private static readonly int[] Batches = [1, 16, 128, 512];

    public static async Task MeasureAsync(Run run, TimeSpan time, int rounds)
    {
        // Flushed each second, as in the figures that these are compared with.
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendFsync = "everysec" });
        await using var connection = await redis.ConnectAsync();
        var server = connection.GetServers()[0];
        var costs = new Dictionary<(int Batch, CostMode Mode), List<Cost>>();
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var batch in Batches)
            {
                foreach (var mode in Enum.GetValues<CostMode>())
                {
                    var cost = await new CostCell(redis.Address, $"cost-{round}-{batch}-{mode}", mode, batch, time).MeasureAsync(server, run.Stop);
                    await server.FlushAllDatabasesAsync();
                    if (round == 0) continue; // To warm up.
                    if (!costs.TryGetValue((batch, mode), out var list)) costs[(batch, mode)] = list = [];
                    list.Add(cost);
                }
            }
        }

        foreach (var ((batch, mode), list) in costs) Report(run, batch, mode, list);
    }

    private static void Report(Run run, int batch, CostMode mode, List<Cost> costs)
    {
        var (rate, microseconds) = (Median(costs, cost => cost.Rate), Median(costs, cost => cost.ServerMicroseconds));
        var others = costs.Min(cost => cost.FromAcceptors);
        run.Report.Say(FormattableString.Invariant($"batch {batch,3}, {mode,-9}  {rate,9:N0} messages/s, Redis {microseconds,6:0.0} us a message"));
        run.Report.Require($"batch {batch}, {mode}: messages went through", rate > 0 && (others > 0) == (mode != CostMode.Owner), $"{rate:0}/s, acceptors {others}", $"more than 0");
        var name = $"{mode}_{batch}".ToLowerInvariant();
        run.Report.Figure($"{name}_rate", rate);
        run.Report.Figure($"{name}_server_us", microseconds);
    }

    private static double Median(List<Cost> costs, Func<Cost, double> of) => costs.Select(of).Order().ElementAt(costs.Count / 2);
}
