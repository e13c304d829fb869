using System.Diagnostics;

namespace ReliableMqtt.Mutation;

/// <summary>One process that runs the tests of one mutant after the other, which spares the start and the compiling. One caller at a time.</summary>
/// <remarks>
/// What a mutant leaves behind there could fail the next. So a kill counts only when the code as it is passes all these tests in that process later on: until then the kill is open,
/// and when it does not pass, all that are open are tried anew, each in a process of its own. A mutant that lives there is tried again in a process of its own in any case, since
/// what is static there was made without it.
/// </remarks>
internal sealed class TestHost(TestProgram program, IReadOnlyList<string> classes) : IDisposable
{
    private const int OpenAtMost = 10;
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(1), LeastPatience = TimeSpan.FromSeconds(3);

    private readonly List<Mutant> _open = [];
    private Process? _process;
    private ProcessorClock? _clock;
    private TimeSpan _patience;

    /// <summary>Kills that count by now, mutants that never came to an end, and as survivors those that are to be tried in a process of their own.</summary>
    public List<(Mutant Mutant, Fate Fate)> Settled { get; } = [];

    /// <summary>Those whose kills cannot be made sure of.</summary>
    public List<Mutant> Again { get; } = [];

    /// <param name="mutant">The mutant.</param>
    /// <param name="reaching">The tests that come to it.</param>
    /// <param name="twice">A kill must be repeated: tests with deadlines might fail by bad luck.</param>
    /// <param name="stop">Ends all.</param>
    public async Task TryAsync(Mutant mutant, IReadOnlyList<string> reaching, bool twice, CancellationToken stop)
    {
        var fate = reaching.Count == 0 ? Fate.Survived : await AskAsync(mutant.Id, reaching, stop);
        if (fate == Fate.Killed && twice) fate = await AskAsync(mutant.Id, reaching, stop);
        switch (fate)
        {
            case Fate.Killed:
                _open.Add(mutant);
                if (_open.Count >= OpenAtMost) await SettleAsync(stop);
                break;
            case var other:
                Settled.Add((mutant, other));
                break;
        }
    }

    /// <summary>Makes sure of the kills that are open.</summary>
    public async Task SettleAsync(CancellationToken stop)
    {
        if (_open.Count == 0) return;
        var isSound = await AskAsync(TestProgram.None, classes, stop) == Fate.Survived;
        Settled.AddRange(_open.Select(mutant => (mutant, isSound ? Fate.Killed : Fate.Survived)));
        _open.Clear();
        if (!isSound) Dispose();
    }

    private async Task<Fate> AskAsync(int mutant, IEnumerable<string> names, CancellationToken stop)
    {
        if (_process is null)
        {
            _process = program.StartHost();
            _clock = new ProcessorClock(_process);
            _patience = StartTime;
            if (await SendAsync(TestProgram.None, classes, stop) != Fate.Survived) throw new InvalidOperationException("The quick tests fail in one process without any mutant.");
            // The first time includes the compiling.
            _patience = LeastPatience + (2 * _clock.Used);
        }

        var fate = await SendAsync(mutant, names, stop);
        if (fate is null or Fate.TimedOut)
        {
            // What those before it have left behind cannot be told any more.
            Again.AddRange(_open);
            _open.Clear();
            Dispose();
        }

        return fate ?? Fate.Survived;
    }

    /// <summary>Null when the process has ended: of too much memory, or too deep a stack, and not surely of this mutant's doing.</summary>
    private async Task<Fate?> SendAsync(int mutant, IEnumerable<string> names, CancellationToken stop)
    {
        try
        {
            await _process!.StandardInput.WriteLineAsync($"{mutant} {string.Join(' ', names)}".AsMemory(), stop);
            await _process.StandardInput.FlushAsync(stop);
            var answer = ReadAnswerAsync(_process.StandardOutput, mutant == TestProgram.None);
            if (!await _clock!.WaitAsync(answer, _patience, stop)) return Fate.TimedOut;
            return await answer switch { "##1" => Fate.Survived, "##0" => Fate.Killed, _ => null };
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task<string?> ReadAnswerAsync(StreamReader reader, bool tells)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("##", StringComparison.Ordinal)) return line;
            if (tells && line.Length > 0) Console.WriteLine(line);
        }

        return null;
    }

    public void Dispose()
    {
        if (_process is { HasExited: false }) _process.Kill(entireProcessTree: true);
        _process?.Dispose();
        _process = null;
    }
}
