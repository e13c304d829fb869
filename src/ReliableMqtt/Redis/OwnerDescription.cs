using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ReliableMqtt.Redis;

/// <summary>
/// Says which process holds a lease, in words that another process can check: a lease of a process that has certainly ended is void at once, and
/// nobody has to wait it out. Certain is that only on Linux, within one start of the machine and one pid namespace.
/// </summary>
/// <param name="Host">For people.</param>
/// <param name="Boot">The kernel's id of this start of the machine; empty when there is none.</param>
/// <param name="PidNamespace">Where the pid means something; empty when that is not known.</param>
/// <param name="Pid">The process id.</param>
/// <param name="Start">When the process began, in ticks since the start of the machine: a pid is used again. Empty when that is not known.</param>
internal sealed record OwnerDescription(string Host, string Boot, string PidNamespace, int Pid, string Start)
{
    /// <summary>This process.</summary>
    public static OwnerDescription Current { get; } = Read("/proc", Environment.ProcessId);

    /// <summary>Describes a process of this machine.</summary>
    internal static OwnerDescription Read(string proc, int pid) => new(
        Environment.MachineName, TryReadText(Path.Combine(proc, "sys/kernel/random/boot_id"))?.Trim() ?? "", TryReadLink(Path.Combine(proc, "self/ns/pid")) ?? "",
        pid, ReadProcess(proc, pid)?.Start ?? "");

    /// <summary>True when the other process has ended for sure; false in every case of doubt.</summary>
    public bool IsDeadForSure(OwnerDescription other) => IsDeadForSure(other, "/proc");

    internal bool IsDeadForSure(OwnerDescription other, string proc)
    {
        if (Boot.Length == 0 || PidNamespace.Length == 0 || Start.Length == 0 || other.Start.Length == 0) return false;
        if (other.Boot != Boot || other.PidNamespace != PidNamespace) return false;

        // If this process cannot see itself there, what it does not see says nothing.
        if (ReadProcess(proc, Pid)?.Start != Start) return false;
        return ReadProcess(proc, other.Pid) is not { } process ? !Directory.Exists(Path.Combine(proc, Text(other.Pid))) : process.HasEnded || process.Start != other.Start;
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out OwnerDescription? owner)
    {
        owner = null;
        var parts = new Dictionary<string, string>();
        foreach (var part in text.Split(' ').Select(part => part.Split('=', 2)).Where(part => part.Length == 2))
            if (!parts.TryAdd(part[0], Uri.UnescapeDataString(part[1]))) return false;
        if (!parts.TryGetValue("host", out var host) || !parts.TryGetValue("boot", out var boot) || !parts.TryGetValue("pidns", out var pidns)
            || !parts.TryGetValue("pid", out var pidText) || !parts.TryGetValue("start", out var start)
            || !int.TryParse(pidText, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return false;
        owner = new OwnerDescription(host, boot, pidns, pid, start);
        return true;
    }

    /// <summary>One line.</summary>
    public override string ToString() =>
        $"host={Uri.EscapeDataString(Host)} boot={Uri.EscapeDataString(Boot)} pidns={Uri.EscapeDataString(PidNamespace)} pid={Text(Pid)} start={Uri.EscapeDataString(Start)}";

    // proc(5), stat: pid (name) state ppid … the 22nd field is the start time. The name may hold anything, parentheses too.
    private static (bool HasEnded, string Start)? ReadProcess(string proc, int pid)
    {
        if (TryReadText(Path.Combine(proc, Text(pid), "stat")) is not { } stat) return null;
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 ? (fields[0] is "Z" or "X", fields[19]) : null;
    }

    private static string? TryReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? TryReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Text(int pid) => pid.ToString(CultureInfo.InvariantCulture);
}
