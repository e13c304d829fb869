using Microsoft.Win32.SafeHandles;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>
/// A small file beside the database, one for each publisher id. Whoever owns the publisher id holds its lock, which the operating system takes away when the process ends, however it ends: so
/// the next one need not wait. What stands in it is written behind each commit, without waiting for the disk: a database that knows less than its marker has lost commits. Where an owner begins and where it ends the
/// disk is waited for, so that a loss of power leaves a marker of this owner, if not its last one: all of it is in one sector.
/// </summary>
internal sealed class OwnerFile(string path) : IDisposable
{
    private const string Suffix = ".owner-";
    private const int Attempts = 4;

    private readonly byte[] _buffer = new byte[OwnerMarker.Size];
    private SafeFileHandle? _held;

    /// <summary>For tests: told of each marker that is on the disk for certain.</summary>
    internal static event Action<string, byte[]>? Synced;

    /// <summary>This object has the lock.</summary>
    public bool IsHeld => _held is not null;

    /// <summary>The file of the publisher id with this number.</summary>
    public static OwnerFile Of(string database, long publisher) =>
        new(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{database}{Suffix}{publisher}"));

    /// <summary>There was a database, and there is none now: to begin an empty one would be to lose all that was pending without a word.</summary>
    public static void RefuseIfDatabaseIsGone(string database)
    {
        if (File.Exists(database)) return;
        if (File.Exists(database + "-wal")) throw Gone(database, "it is gone, though its log is there", database + "-wal");
        // Looked at once more: another process may be making it.
        if (Any(database) is { } marker && !File.Exists(database)) throw Gone(database, "it is gone, though a publisher has used it", marker);
    }

    /// <summary>The same of a file without anything in it.</summary>
    public static void RefuseIfDatabaseIsEmpty(string database, Func<bool> isStillEmpty)
    {
        if (Any(database) is { } marker && isStillEmpty()) throw Gone(database, "nothing is in it, though a publisher has used it", marker);
    }

    /// <summary>Takes the lock if nobody has it.</summary>
    public bool TryTake()
    {
        for (var attempt = 0; _held is null && attempt < Attempts; attempt++)
        {
            // Whoever reads it has it for a moment, too.
            if (attempt > 0) Thread.Sleep(1);
            try
            {
                _held = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Somebody has it, or the disk does not allow it: then time alone tells whether a lease has run out.
            }
        }

        return _held is not null;
    }

    /// <summary>Lets others have it.</summary>
    public void LetGo()
    {
        _held?.Dispose();
        _held = null;
    }

    /// <summary>Makes a note of it, if this object has the lock.</summary>
    /// <param name="marker">What.</param>
    /// <param name="syncs">Waits for the disk.</param>
    public void Write(in OwnerMarker marker, bool syncs)
    {
        if (_held is null) return;
        marker.Write(_buffer);
        try
        {
            RandomAccess.Write(_held, _buffer, 0);
            if (!syncs) return;
            RandomAccess.FlushToDisk(_held);
            Synced?.Invoke(path, [.. _buffer]);
        }
        catch (IOException)
        {
            // It only helps to see a loss: a full disk must not stop the ledger for its sake.
        }
    }

    /// <summary>Reads what stands in it; null when nothing does.</summary>
    /// <returns>False when it cannot be read: its owner is at work, and has looked.</returns>
    public bool TryRead(out OwnerMarker? marker)
    {
        marker = null;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var bytes = new byte[OwnerMarker.Size];
            if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length) marker = OwnerMarker.Read(bytes);
            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public override string ToString() => path;

    public void Dispose() => LetGo();

    private static string? Any(string database)
    {
        var full = Path.GetFullPath(database);
        var folder = Path.GetDirectoryName(full)!;
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, Path.GetFileName(full) + Suffix + "*").FirstOrDefault() : null;
    }

    private static LedgerDamagedException Gone(string database, string problem, string witness) => SqliteErrors.Damaged(
        database, $"{problem} ('{witness}'). Nothing was written",
        $"Put the database back, from where it was moved to or from a backup; or, if what was pending in it may be lost, delete '{witness}' and what else begins with '{database}', and an empty one begins.");
}
