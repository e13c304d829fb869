using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ReliableMqtt.Sample.Demo;

/// <summary>The verb <c>publish</c> as a process of its own, killed while messages are on their way and started again with the same command, until it has nothing left to do.</summary>
internal sealed class KilledPublisher(DemoReadings readings, string files, int port, Random random)
{
    // Of what each life before has published already it hears at once that it is known: so it may be quick.
    private const int Rate = 1_500;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly HashSet<string> _accepted = [];
    private readonly HashSet<string> _confirmed = [];
    private readonly StringBuilder _problems = new();
    private long _read;

    public string PublisherId { get; } = $"demo-{readings.Name}";

    public int Accepted { get; private set; }

    public int Confirmed { get; private set; }

    public int Kills { get; private set; }

    public int UnconfirmedAtKills { get; private set; }

    public string? FirstProblem => _problems.Length > 0 ? _problems.ToString() : null;

    private string History => $"{files}.history";

    public async Task RunAsync(int kills, CancellationToken stop)
    {
        while (true)
        {
            using var process = Start();
            try
            {
                var isKilled = await LiveAsync(process, Kills < kills ? NextKill(kills) : int.MaxValue, stop);
                await process.WaitForExitAsync(stop);
                ReadHistory();
                if (isKilled) continue;
                if (process.ExitCode != 0) throw new InvalidOperationException($"{PublisherId} ended by itself with exit code {process.ExitCode}: {FirstProblem ?? "it said nothing"}");
                return;
            }
            finally
            {
                if (!process.HasExited) process.Kill();
            }
        }
    }

    /// <summary>At so many confirmed rows it is killed: the kills are spread over what is left.</summary>
    private int NextKill(int kills) => Confirmed + random.Next(1, Math.Max(2, (readings.Rows - Confirmed) / (kills - Kills + 1)));

    private async Task<bool> LiveAsync(Process process, int killAt, CancellationToken stop)
    {
        while (!process.HasExited)
        {
            await Task.Delay(Look, stop);
            ReadHistory();
            if (Confirmed < killAt || Accepted == Confirmed) continue;
            process.Kill(); // SIGKILL: it is not asked.
            await process.WaitForExitAsync(stop);
            ReadHistory();
            if (process.ExitCode == 0) return false; // It was quicker.
            Kills++;
            UnconfirmedAtKills += Accepted - Confirmed;
            return true;
        }

        return false;
    }

    private Process Start()
    {
        var self = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(KilledPublisher).Assembly.Location] : [self];
        var info = new ProcessStartInfo(program[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            .. program[1..], "publish", "--broker", $"mqtt://127.0.0.1:{port}", "--ledger", $"sqlite:{files}.db", "--publisher-id", PublisherId, "--topic", readings.Topic,
            "--qos", ((int)readings.QualityOfService).ToString(CultureInfo.InvariantCulture), "--csv", readings.Path, "--rate", $"{Rate}/s", "--window", "64", "--history", History,
            "--min-backoff", "0.02", "--max-backoff", "0.5",
        ];
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        var process = Process.Start(info)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith("first problem", StringComparison.Ordinal) == true) lock (_problems) _problems.AppendLine(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    // Whole lines only: the last one may be half written.
    private void ReadHistory()
    {
        if (!File.Exists(History)) return;
        using var file = new FileStream(History, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = _read;
        var bytes = new byte[file.Length - _read];
        file.ReadExactly(bytes);
        var end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        _read += end;
        foreach (var line in Encoding.UTF8.GetString(bytes.AsSpan(0, end)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is not [var what, _, var id, ..]) continue;
            if (what == "A") _accepted.Add(id);
            else if (what == "C") _confirmed.Add(id);
        }

        // A kill may come between the confirm of a message and its line.
        _accepted.UnionWith(_confirmed);
        (Accepted, Confirmed) = (_accepted.Count, _confirmed.Count);
    }
}
