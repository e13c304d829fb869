using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Report.Charts;

/// <summary>Draws a comparison: for each broker and QoS the throughput and the CPU time by window, and the latencies at one window.</summary>
internal sealed class Plots(CompareResult result, string folder)
{
    // A cell that has all of them tells their order.
    private readonly List<string> _names = [.. result.Cells.OrderByDescending(cell => cell.Contenders.Count).SelectMany(cell => cell.Contenders).Select(contender => contender.Name).Distinct()];

    /// <returns>The files.</returns>
    public IReadOnlyList<string> Write(int size, int latencyWindow)
    {
        Directory.CreateDirectory(folder);
        var files = new List<string>();
        foreach (var group in result.Cells.Where(cell => cell.Size == size).GroupBy(cell => (cell.Broker, cell.Qos)))
        {
            var cells = group.OrderBy(cell => cell.Window).ToList();
            var (broker, qos) = group.Key;
            var where = $"{broker}, QoS {qos}, {size} B";
            files.Add(ByWindow($"throughput-{broker}-qos{qos}.svg", $"Throughput: {where}", "messages/s", cells, m => m.MessagesPerSecond));
            files.Add(ByWindow($"cpu-{broker}-qos{qos}.svg", $"Client CPU a message: {where}", "microseconds", cells, m => m.ClientCpu));
            if (cells.Find(cell => cell.Window == latencyWindow) is { } cell)
                files.Add(Latency($"latency-{broker}-qos{qos}.svg", $"From call to confirm: {where}, window {latencyWindow}", cell));
        }

        return files;
    }

    private string ByWindow(string file, string title, string unit, IReadOnlyList<CellResult> cells, Func<Measure, double> value)
    {
        var chart = new LineChart(title, "window", unit, [.. cells.Select(cell => FormattableString.Invariant($"{cell.Window}"))]);
        foreach (var name in _names)
            chart.Add(name, _names.IndexOf(name), cells.Select(cell => Find(cell, name) is { } median ? value(median) : double.NaN));
        return Save(chart, file);
    }

    private string Latency(string file, string title, CellResult cell)
    {
        var chart = new LineChart(title, "percentile", "microseconds", ["p50", "p99", "p99.9"]);
        foreach (var name in _names)
            if (Find(cell, name) is { } median) chart.Add(name, _names.IndexOf(name), [median.P50, median.P99, median.P999]);
        return Save(chart, file);
    }

    private string Save(LineChart chart, string file)
    {
        var path = Path.Combine(folder, file);
        chart.Save(path);
        return path;
    }

    private static Measure? Find(CellResult cell, string name) => cell.Contenders.FirstOrDefault(contender => contender.Name == name)?.Median;
}
