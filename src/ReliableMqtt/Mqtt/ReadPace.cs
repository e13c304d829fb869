using System.Runtime.InteropServices;

namespace ReliableMqtt.Mqtt;

/// <summary>
/// How long to wait before a read, so that it brings between a quarter and a half of the acks that are on their way. The broker has work for all that time, nothing is late
/// that somebody could have sent for, and neither side is woken for each ack. Few acks on their way: no wait.
/// </summary>
internal sealed class ReadPace
{
    /// <summary>With fewer on their way a wait would be felt by whoever waits for one of them.</summary>
    public const int Least = 32;

    /// <summary>In microseconds.</summary>
    public const double Shortest = 20, Longest = 1_000;

    /// <summary>A broker that makes fewer acks than one in so many microseconds wakes nobody too often.</summary>
    private const double Slow = 50;

    /// <summary>In microseconds; 0 for none.</summary>
    public double Microseconds { get; private set; }

    /// <summary>To be called before each wait.</summary>
    /// <param name="taken">Acks that the last read has brought.</param>
    /// <param name="expected">Acks that are still to come.</param>
    public void Learn(int taken, int expected)
    {
        if (expected < Least) Microseconds = 0;
        else if (taken > expected / 2) Microseconds *= 0.8;
        else if (taken * Slow < Microseconds) Microseconds /= 2;
        else if (taken < expected / 4) Microseconds = Math.Clamp(Microseconds * 1.25, Shortest, Longest);
    }

    public void Wait()
    {
        if (Microseconds >= Shortest) Sleep((uint)Microseconds);
    }

    // .NET waits whole milliseconds, and Windows fifteen.
    private static void Sleep(uint microseconds)
    {
        if (!OperatingSystem.IsWindows()) _ = USleep(microseconds);
    }

#pragma warning disable SYSLIB1054 // A generated stub would need unsafe code for the same call.
    [DllImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int USleep(uint microseconds);
#pragma warning restore SYSLIB1054
}
