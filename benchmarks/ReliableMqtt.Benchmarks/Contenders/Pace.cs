using System.Runtime.InteropServices;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>
/// Waits before a read, so that it brings between a quarter and a half of the window. A broker that writes each ack by itself wakes who waits for it each
/// time, and that costs it a good part of its time; so it does more for a client that comes now and then.
/// </summary>
internal sealed partial class Pace(int window)
{
    private const double Longest = 2_000;

    private double _microseconds = 20;

    public void Wait(int lastRead)
    {
        if (lastRead < window / 4) _microseconds = Math.Min(_microseconds * 1.25, Longest);
        else if (lastRead > window / 2) _microseconds *= 0.8;
        _ = Sleep((uint)_microseconds);
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}
