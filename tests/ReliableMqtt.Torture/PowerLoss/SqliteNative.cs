using System.Runtime.InteropServices;

namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>SQLite's <c>sqlite3_vfs</c>: how it opens files. What is not touched here has no type.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VfsMethods
{
    public int Version, FileSize, MaxPath;
    public VfsMethods* Next;
    public nint Name, AppData;
    public delegate* unmanaged[Cdecl]<VfsMethods*, nint, VfsFile*, int, int*, int> Open;
    public delegate* unmanaged[Cdecl]<VfsMethods*, nint, int, int> Delete;
    public nint Access, FullPath, DlOpen, DlError, DlSym, DlClose, Randomness, Sleep, CurrentTime, GetLastError, CurrentTimeInt64, SetSystemCall, GetSystemCall, NextSystemCall;
}

/// <summary>SQLite's <c>sqlite3_file</c>: what a VFS puts behind it is its own matter.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VfsFile
{
    public FileMethods* Methods;
}

/// <summary>SQLite's <c>sqlite3_io_methods</c>: what can be done with an open file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FileMethods
{
    public int Version;
    public delegate* unmanaged[Cdecl]<VfsFile*, int> Close;
    public delegate* unmanaged[Cdecl]<VfsFile*, byte*, int, long, int> Read;
    public delegate* unmanaged[Cdecl]<VfsFile*, byte*, int, long, int> Write;
    public delegate* unmanaged[Cdecl]<VfsFile*, long, int> Truncate;
    public delegate* unmanaged[Cdecl]<VfsFile*, int, int> Sync;
    public delegate* unmanaged[Cdecl]<VfsFile*, long*, int> GetSize;
    public nint Lock, Unlock, CheckReservedLock, FileControl, SectorSize, DeviceCharacteristics, ShmMap, ShmLock, ShmBarrier, ShmUnmap, Fetch, Unfetch;
}

/// <summary>The library that SQLitePCLRaw ships, called past it.</summary>
internal static unsafe class SqliteNative
{
    public const int Ok = 0, IoError = 10;
    public const int MainDatabase = 0x100, MainJournal = 0x800, Wal = 0x80000;

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_vfs_find", CallingConvention = CallingConvention.Cdecl)]
    public static extern VfsMethods* FindVfs(nint name);

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_vfs_register", CallingConvention = CallingConvention.Cdecl)]
    public static extern int RegisterVfs(VfsMethods* vfs, int makesDefault);
}
