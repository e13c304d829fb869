using System.Runtime.InteropServices;

namespace ReliableMqtt.Torture.Processes;

/// <summary>Signals to one process, by its id.</summary>
internal static class Signals
{
    public const int Kill = 9, Terminate = 15, Continue = 18, Stop = 19;

    /// <summary>Sends one. False when the process is gone.</summary>
    public static bool Send(int processId, int signal)
    {
        const int noSuchProcess = 3;
        if (SendSignal(processId, signal) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        return error == noSuchProcess ? false : throw new InvalidOperationException($"Signal {signal} to process {processId} failed with error {error}.");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);
}
