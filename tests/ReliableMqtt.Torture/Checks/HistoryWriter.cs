using System.Globalization;
using System.Text;

namespace ReliableMqtt.Torture.Checks;

/// <summary>
/// Writes what happens to each message to the standard output, a line an event and a write a line, so that what was written is in the pipe and stays true when
/// the process is killed: <c>I n</c> invoked, <c>A n</c> accepted, <c>C n</c> confirmed, <c>F n reason</c> failed for certain, <c>U n reason</c> answered with "unknown".
/// <c>S word …</c> tells of the process itself.
/// </summary>
internal sealed class HistoryWriter(Stream output)
{
    private readonly Lock _lock = new();

    public void Invoked(long number) => Write($"I {number}");

    public void Accepted(long number) => Write($"A {number}");

    public void Confirmed(long number) => Write($"C {number}");

    public void Failed(long number, string reason) => Write($"F {number} {reason}");

    public void Unknown(long number, string reason) => Write($"U {number} {reason}");

    /// <summary>Tells of the process.</summary>
    public void State(string word, object? value = null) => Write($"S {word} {value}");

    private void Write(FormattableString line)
    {
        var bytes = Encoding.UTF8.GetBytes(FormattableString.Invariant(line).ReplaceLineEndings(" ") + "\n");
        lock (_lock) output.Write(bytes);
    }

    /// <summary>Reads the first number of a line; 0 when there is none.</summary>
    public static long NumberOf(string line) =>
        line.Split(' ', 3) is { Length: > 1 } words && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
