namespace ReliableMqtt.Sqlite.Storage;

/// <summary>What <see cref="SqliteProbe"/> has found. Null where it could not be told.</summary>
internal sealed record SqliteLook
{
    public required string Path { get; init; }

    public bool Exists { get; init; }

    /// <summary>Bytes of the file and of its log.</summary>
    public long FileBytes { get; init; }

    public long LogBytes { get; init; }

    /// <summary>Why the file could not be read.</summary>
    public string? Problem { get; init; }

    /// <summary>The file may be read and not written by this user.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>What <c>PRAGMA quick_check</c> says: <c>ok</c>, or what is wrong.</summary>
    public string? QuickCheck { get; init; }

    public string? JournalMode { get; init; }

    /// <summary>The last owner has waited for the disk with each commit.</summary>
    public bool? IsFull { get; init; }

    /// <summary>What is free on its disk for this user, in bytes.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>The kind of its file system, such as ext4.</summary>
    public string? FileSystem { get; init; }

    /// <summary>It is on another machine.</summary>
    public bool IsNetworkDisk { get; init; }
}
