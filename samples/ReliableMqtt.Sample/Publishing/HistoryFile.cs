namespace ReliableMqtt.Sample.Publishing;

/// <summary>
/// What happened to each message, a line an event, flushed at once, so that it tells the truth even when the process is killed:
/// <c>I n</c> invoked, <c>A n id</c> accepted, <c>C n id</c> confirmed, <c>F n reason</c> failed for certain; at the listener <c>D id</c> delivered.
/// A message without a last word is undecided.
/// </summary>
internal sealed class HistoryFile : IDisposable
{
    private readonly TextWriter _writer;
    private readonly Lock _lock = new();

    private HistoryFile(TextWriter writer) => _writer = writer;

    /// <summary>Opens a file for appending; <c>-</c> is the standard output, and null nothing at all.</summary>
    public static HistoryFile Open(string? path) => new(path switch
    {
        null => TextWriter.Null,
        "-" => new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true },
        _ => new StreamWriter(path, append: true) { AutoFlush = true },
    });

    public void Invoked(long number) => Write($"I {number}");

    public void Accepted(long number, MessageId id) => Write($"A {number} {id}");

    public void Confirmed(long number, MessageId id) => Write($"C {number} {id}");

    public void Failed(long number, string reason) => Write($"F {number} {reason.ReplaceLineEndings(" ")}");

    public void Delivered(string id) => Write($"D {id}");

    public void Dispose() => _writer.Dispose();

    private void Write(FormattableString line)
    {
        var text = FormattableString.Invariant(line);
        lock (_lock) _writer.WriteLine(text);
    }
}
