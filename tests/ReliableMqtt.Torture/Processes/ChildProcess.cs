using System.Diagnostics;
using System.Globalization;

namespace ReliableMqtt.Torture.Processes;

/// <summary>
/// This program again, with a hidden verb: its standard input takes commands, its standard output gives lines, and it is ended by its own id. It ends by
/// itself when its input is closed, so that none outlives its driver.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptComplaints = 40;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);

    private readonly Process _launched;
    private readonly Queue<string> _complaints = [];
    private readonly Task _reading;

    private ChildProcess(string name, Process launched, bool inNamespace, Action<string> onLine, bool verbose)
    {
        (Name, _launched, InNamespace, Started) = (name, launched, inNamespace, Stopwatch.GetTimestamp());
        _reading = Task.WhenAll(
            WholeLines.ReadAsync(launched.StandardOutput.BaseStream, onLine),
            WholeLines.ReadAsync(launched.StandardError.BaseStream, line => Complain(line, verbose)));
    }

    public string Name { get; }

    /// <summary>Whether it has a pid namespace of its own: then others cannot look up whether it lives.</summary>
    public bool InNamespace { get; }

    /// <summary>When it was started, in <see cref="Stopwatch"/> ticks, which all processes of a machine share.</summary>
    public long Started { get; }

    public bool HasExited => _launched.HasExited;

    /// <summary>The last lines of its standard error.</summary>
    public string Complaints
    {
        get { lock (_complaints) return string.Join('\n', _complaints); }
    }

    /// <summary>The id that signals go to: in a namespace of its own that of the child of <c>unshare</c>.</summary>
    /// <exception cref="InvalidOperationException">It is not there yet, or no longer.</exception>
    public int Id => InNamespace ? ChildOf(_launched.Id) ?? throw new InvalidOperationException($"{Name} has no process.") : _launched.Id;

    /// <summary>Starts it.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="arguments">Its hidden verb and options.</param>
    /// <param name="onLine">Told of each whole line of its output, one at a time.</param>
    /// <param name="inNamespace">Give it a pid namespace of its own: needs root and <c>unshare</c>.</param>
    /// <param name="verbose">Pass its standard error on.</param>
    public static ChildProcess Start(string name, IEnumerable<string> arguments, Action<string> onLine, bool inNamespace = false, bool verbose = false)
    {
        string[] command = [.. Self(), .. arguments];
        if (inNamespace) command = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", .. command];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.StandardInput.AutoFlush = true;
        return new ChildProcess(name, process, inNamespace, onLine, verbose);
    }

    /// <summary>Gives it a command. Nothing happens when it is gone.</summary>
    public void Send(string command)
    {
        try
        {
            _launched.StandardInput.Write(command + "\n");
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // It has just ended; whoever needs it will notice.
        }
    }

    public void Pause() => Signals.Send(Id, Signals.Stop);

    public void Resume() => Signals.Send(Id, Signals.Continue);

    /// <summary>SIGKILL. Its output is read to the end.</summary>
    public async Task KillAsync()
    {
        if (!HasExited) Signals.Send(InNamespace ? ChildOf(_launched.Id) ?? _launched.Id : _launched.Id, Signals.Kill);
        await ExitAsync();
    }

    /// <summary>Closes its input, and waits for its end. Its exit code.</summary>
    /// <exception cref="TimeoutException">It did not end in time, and was killed.</exception>
    public async Task<int> EndAsync()
    {
        _launched.StandardInput.Close();
        if (!await Patience.EndsAsync(_launched.WaitForExitAsync(), EndLimit, CancellationToken.None))
        {
            await KillAsync();
            throw new TimeoutException($"{Name} did not end within {EndLimit.TotalSeconds:0} s.\n{Complaints}");
        }

        await ExitAsync();
        return _launched.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _launched.Dispose();
    }

    private async Task ExitAsync()
    {
        await _launched.WaitForExitAsync().WaitAsync(EndLimit);
        await _reading.WaitAsync(EndLimit);
    }

    private void Complain(string line, bool verbose)
    {
        if (verbose) Console.Error.WriteLine($"{Name}: {line}");
        lock (_complaints)
        {
            _complaints.Enqueue(line);
            if (_complaints.Count > KeptComplaints) _complaints.Dequeue();
        }
    }

    // As `dotnet X.dll` the process is dotnet, as an executable it is itself.
    private static string[] Self()
    {
        var path = Environment.ProcessPath ?? throw new MissingException("The path of this program is not known.");
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, typeof(ChildProcess).Assembly.Location] : [path];
    }

    private static int? ChildOf(int processId)
    {
        try
        {
            var children = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/task/{processId}/children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return children.Length == 0 ? null : int.Parse(children[0], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
