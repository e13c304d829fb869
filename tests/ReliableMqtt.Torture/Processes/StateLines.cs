using System.Collections.Concurrent;
using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Torture.Processes;

/// <summary>The <c>S word number</c> lines of a process, to be waited for.</summary>
internal sealed class StateLines
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _words = new();

    /// <summary>The last number told with a word; 0 when there was none.</summary>
    public long this[string word] => _words.TryGetValue(word, out var told) && told.Task.IsCompletedSuccessfully ? told.Task.Result : 0;

    /// <summary>Takes a line. False when it is another one.</summary>
    public bool Take(string line)
    {
        if (!line.StartsWith("S ", StringComparison.Ordinal)) return false;
        var words = line[2..].Split(' ', 2);
        var number = HistoryWriter.NumberOf(line[2..]);
        var told = _words.GetOrAdd(words[0], _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        if (told.TrySetResult(number)) return true;
        _words[words[0]] = told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        told.SetResult(number);
        return true;
    }

    /// <summary>Waits for a word, and gives its number.</summary>
    /// <exception cref="TimeoutException">It did not come in time, or its process has ended.</exception>
    public async Task<long> WaitAsync(string word, ChildProcess process, TimeSpan limit, CancellationToken stop)
    {
        var told = _words.GetOrAdd(word, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        await Patience.UntilAsync(() => told.Task.IsCompleted || process.HasExited, limit, stop);
        return told.Task.IsCompletedSuccessfully
            ? told.Task.Result : throw new TimeoutException($"{process.Name} did not say '{word}' within {limit.TotalSeconds:0} s{(process.HasExited ? ", and has ended" : "")}.\n{process.Complaints}");
    }
}
