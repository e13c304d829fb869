using System.Text;

namespace ReliableMqtt.Torture.Journal;

/// <summary>
/// What a receiver has taken, a line an event, flushed to the disk before it answers: <c>P id qos topic payload</c> a message, <c>R id</c> the end of a QoS 2 handshake, <c>S</c> a session that
/// begins. Half a line at the end is a write that a kill has cut off, of which nobody was told.
/// </summary>
internal sealed class JournalFile : IDisposable
{
    private readonly FileStream _file;
    private readonly MemoryStream _unwritten = new();

    /// <summary>Opens it, and reads what it holds.</summary>
    public JournalFile(string path)
    {
        var held = Read(path, out var whole);
        foreach (var line in held) Apply(line);
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        _file.SetLength(whole);
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>There is a session that a CONNECT may resume.</summary>
    public bool HasSession { get; private set; }

    /// <summary>Packet ids of QoS 2 messages that were taken and not released: a PUBLISH with one is no new message.</summary>
    public HashSet<ushort> Unreleased { get; } = [];

    /// <summary>A session begins, with nothing in it.</summary>
    public void BeginSession() => Note("S");

    /// <summary>A message is taken.</summary>
    public void Take(ushort packetId, int qos, string topic, string payload) => Note(FormattableString.Invariant($"P {packetId} {qos} {topic} {payload}"));

    /// <summary>A packet id is free again.</summary>
    public void Release(ushort packetId) => Note(FormattableString.Invariant($"R {packetId}"));

    /// <summary>Makes all of it durable.</summary>
    public void Flush()
    {
        if (_unwritten.Length == 0) return;
        _file.Write(_unwritten.GetBuffer().AsSpan(0, (int)_unwritten.Length));
        _file.Flush(flushToDisk: true);
        _unwritten.SetLength(0);
    }

    /// <summary>The whole lines of a journal.</summary>
    public static IReadOnlyList<string> Read(string path, out long whole)
    {
        whole = 0;
        if (!File.Exists(path)) return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        whole = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        return Encoding.UTF8.GetString(bytes, 0, (int)whole).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose()
    {
        _file.Dispose();
        _unwritten.Dispose();
    }

    private void Note(string line)
    {
        Apply(line);
        _unwritten.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    private void Apply(string line)
    {
        var words = line.Split(' ', 4);
        switch (words[0])
        {
            case "S":
                HasSession = true;
                Unreleased.Clear();
                break;
            case "P" when words[2] == "2":
                Unreleased.Add(ushort.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture));
                break;
            case "R":
                Unreleased.Remove(ushort.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture));
                break;
        }
    }
}
