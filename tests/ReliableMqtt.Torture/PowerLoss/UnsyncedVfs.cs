using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>
/// A VFS of SQLite that does all that its own one does, on the same files, and keeps in an <see cref="UnsyncedLog"/> what was not synced. It lets the real VFS open a file, and puts a copy of its table of
/// functions in the place of that table, with another write, truncate, sync and close in it: locks, shared memory and reading are untouched.
/// </summary>
/// <remarks>Files come and go at once and for good, without a sync of their folder. SQLite syncs it where it matters, and most file systems do with the file.</remarks>
internal static unsafe class UnsyncedVfs
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<nint, nint> Tables = [];
    private static readonly Dictionary<nint, OpenFile> Files = [];
    private static readonly Dictionary<string, UnsyncedLog> Logs = [];
    private static VfsMethods* _real;
    private static bool _lies;

    /// <summary>Makes it known to SQLite under its name.</summary>
    /// <param name="name">To be given when a database is opened.</param>
    /// <param name="makesDefault">It is used for all databases that are opened from now on, without its name.</param>
    /// <param name="lies">The disk says that it has written what is in its cache alone: no sync counts.</param>
    public static void Register(string name, bool makesDefault, bool lies)
    {
        lock (Gate)
        {
            _lies = lies;
            if (_real != null) return;
            _real = SqliteNative.FindVfs(0);
            if (_real == null) throw new MissingException("SQLite has no VFS here.");
            var own = (VfsMethods*)NativeMemory.Alloc((nuint)sizeof(VfsMethods));
            *own = *_real;
            own->Next = null;
            own->Name = Marshal.StringToCoTaskMemUTF8(name);
            own->Open = &Open;
            own->Delete = &Delete;
            var code = SqliteNative.RegisterVfs(own, makesDefault ? 1 : 0);
            if (code != SqliteNative.Ok) throw new InvalidOperationException($"SQLite does not take the VFS: {code}.");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(VfsMethods* vfs, nint name, VfsFile* file, int flags, int* outFlags)
    {
        var code = _real->Open(_real, name, file, flags, outFlags);
        if (code != SqliteNative.Ok || name == 0 || (flags & (SqliteNative.MainDatabase | SqliteNative.MainJournal | SqliteNative.Wal)) == 0) return code;
        try
        {
            lock (Gate)
            {
                Files[(nint)file] = new OpenFile((nint)file->Methods, LogOf(Marshal.PtrToStringUTF8(name)!), (flags & SqliteNative.MainDatabase) != 0);
                file->Methods = TableFor(file->Methods);
            }

            return code;
        }
        catch (IOException)
        {
            file->Methods->Close(file);
            file->Methods = null;
            return SqliteNative.IoError;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(VfsMethods* vfs, nint name, int syncsFolder)
    {
        var code = _real->Delete(_real, name, syncsFolder);
        if (code == SqliteNative.Ok) lock (Gate) if (Logs.TryGetValue(Marshal.PtrToStringUTF8(name)!, out var log)) log.Clear();
        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(VfsFile* file)
    {
        OpenFile open;
        lock (Gate) Files.Remove((nint)file, out open);
        return open.Methods->Close(file);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(VfsFile* file, byte* bytes, int count, long offset)
    {
        var open = Find(file);
        if (!TryNote(file, open, offset, count)) return SqliteNative.IoError;
        var code = open.Methods->Write(file, bytes, count, offset);
        Doom.Pass(DoomedAt.Write);
        if (open.IsDatabase) Doom.Pass(DoomedAt.Checkpoint);
        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(VfsFile* file, long length)
    {
        var open = Find(file);
        return TryNote(file, open, length, UnsyncedWrite.Truncation) ? open.Methods->Truncate(file, length) : SqliteNative.IoError;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(VfsFile* file, int flags)
    {
        Doom.Pass(DoomedAt.Sync);
        var open = Find(file);
        var code = open.Methods->Sync(file, flags);
        if (code == SqliteNative.Ok && !_lies) open.Log.Clear();
        return code;
    }

    /// <summary>Keeps what is there before it is overwritten or cut off. False when that cannot be done: then nothing may be written.</summary>
    private static bool TryNote(VfsFile* file, OpenFile open, long offset, int count)
    {
        long length;
        if (open.Methods->GetSize(file, &length) != SqliteNative.Ok) return false;
        var end = count == UnsyncedWrite.Truncation ? length : Math.Min(length, offset + count);
        var old = new byte[Math.Max(0, end - offset)];
        fixed (byte* place = old)
            if (old.Length > 0 && open.Methods->Read(file, place, old.Length, offset) != SqliteNative.Ok) return false;
        try
        {
            open.Log.Note(new UnsyncedWrite(offset, count, length, old));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static OpenFile Find(VfsFile* file)
    {
        lock (Gate) return Files[(nint)file];
    }

    // Never closed: connections to one file share it.
    private static UnsyncedLog LogOf(string path)
    {
        if (!Logs.TryGetValue(path, out var log)) Logs[path] = log = new UnsyncedLog(path);
        return log;
    }

    private static FileMethods* TableFor(FileMethods* real)
    {
        if (Tables.TryGetValue((nint)real, out var known)) return (FileMethods*)known;
        // An older table is shorter than the type says.
        if (real->Version < 3) throw new NotSupportedException($"SQLite's file functions are of version {real->Version}, not 3.");
        var own = (FileMethods*)NativeMemory.Alloc((nuint)sizeof(FileMethods));
        *own = *real;
        own->Close = &Close;
        own->Write = &Write;
        own->Truncate = &Truncate;
        own->Sync = &Sync;
        Tables[(nint)real] = (nint)own;
        return own;
    }

    private readonly record struct OpenFile(nint Real, UnsyncedLog Log, bool IsDatabase)
    {
        public FileMethods* Methods => (FileMethods*)Real;
    }
}
