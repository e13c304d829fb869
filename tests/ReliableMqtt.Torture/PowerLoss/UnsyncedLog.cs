using Microsoft.Win32.SafeHandles;

namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>
/// Beside a file: what was written to it and not synced yet. It is written before the file itself is, and never synced: the memory of the operating system survives the kill of a process, and a loss of power
/// is only played. What an earlier process has left in it counts on.
/// </summary>
internal sealed class UnsyncedLog : IDisposable
{
    private readonly SafeFileHandle _handle;
    private long _end;

    public UnsyncedLog(string file)
    {
        Directory.CreateDirectory(FolderOf(file));
        _handle = File.OpenHandle(PathOf(file), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        _end = RandomAccess.GetLength(_handle);
    }

    /// <summary>Where the log of a file is.</summary>
    public static string PathOf(string file) => Path.Combine(FolderOf(file), Path.GetFileName(file));

    /// <summary>What it holds of a file; nothing when there is none.</summary>
    public static IReadOnlyList<UnsyncedWrite> Read(string file) => File.Exists(PathOf(file)) ? UnsyncedWrite.Decode(File.ReadAllBytes(PathOf(file))) : [];

    public void Note(UnsyncedWrite write)
    {
        var entry = write.Encode();
        RandomAccess.Write(_handle, entry, _end);
        _end += entry.Length;
    }

    /// <summary>All of it is on the disk.</summary>
    public void Clear()
    {
        if (_end == 0) return;
        RandomAccess.SetLength(_handle, 0);
        _end = 0;
    }

    public void Dispose() => _handle.Dispose();

    private static string FolderOf(string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, "unsynced");
}
