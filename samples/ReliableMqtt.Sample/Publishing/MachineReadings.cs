using System.Globalization;

namespace ReliableMqtt.Sample.Publishing;

/// <summary>What this machine does now: CPU and load (Linux only), memory, and the disk with the working directory.</summary>
internal sealed class MachineReadings
{
    private (long Busy, long All) _cpu = ReadCpu();

    /// <summary>One reading.</summary>
    public readonly record struct Reading(string Metric, double Value, string Unit);

    /// <summary>All of them; that of the CPU is of the time since the call before.</summary>
    public IEnumerable<Reading> Read()
    {
        var (last, now) = (_cpu, _cpu = ReadCpu());
        if (now.All > last.All) yield return new Reading("cpu", 100.0 * (now.Busy - last.Busy) / (now.All - last.All), "%");
        if (ReadLoad() is { } load) yield return new Reading("load", load, "");
        yield return new Reading("memory", ReadMemory(), "%");
        var disk = new DriveInfo(Path.GetFullPath(Environment.CurrentDirectory));
        yield return new Reading("disk", 100.0 * (disk.TotalSize - disk.AvailableFreeSpace) / disk.TotalSize, "%");
    }

    // The first line: cpu user nice system idle iowait irq softirq steal …
    private static (long Busy, long All) ReadCpu()
    {
        if (!OperatingSystem.IsLinux()) return default;
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    private static double? ReadLoad() => OperatingSystem.IsLinux() ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : null;

    private static double ReadMemory()
    {
        if (OperatingSystem.IsLinux())
        {
            var lines = File.ReadAllLines("/proc/meminfo");
            return 100.0 * (1 - (Kilobytes(lines, "MemAvailable:") / Kilobytes(lines, "MemTotal:")));
        }

        var memory = GC.GetGCMemoryInfo();
        return 100.0 * memory.MemoryLoadBytes / memory.TotalAvailableMemoryBytes;
    }

    private static double Kilobytes(string[] lines, string name) =>
        double.Parse(lines.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
