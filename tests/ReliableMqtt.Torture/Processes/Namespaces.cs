using System.Diagnostics;

namespace ReliableMqtt.Torture.Processes;

/// <summary>Whether processes can be given pid namespaces of their own here.</summary>
internal static class Namespaces
{
    /// <exception cref="MissingException">They cannot.</exception>
    public static void Require()
    {
        const string missing = "pid namespaces need root and unshare; --one-namespace leaves that part out.";
        try
        {
            using var attempt = Process.Start(new ProcessStartInfo("unshare", ["--fork", "--pid", "--mount-proc", "true"]) { RedirectStandardError = true })!;
            attempt.WaitForExit();
            if (attempt.ExitCode != 0) throw new MissingException($"{missing} {attempt.StandardError.ReadToEnd().Trim()}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new MissingException(missing);
        }
    }
}
