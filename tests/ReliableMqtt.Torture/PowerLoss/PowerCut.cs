namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>What a loss of power leaves of what was not synced.</summary>
internal enum PowerCutKind
{
    /// <summary>Nothing.</summary>
    DropsAll,

    /// <summary>Some of it, whichever the disk had come to, and of one write only the beginning: a disk writes in any order.</summary>
    DropsSome,
}

/// <summary>Takes from the files of a database what was not synced, once the processes that had it open are dead.</summary>
internal static class PowerCut
{
    private const int KeptOneIn = 2, TornOneIn = 2;

    /// <summary>Takes it from a database, its logs and what stands beside it.</summary>
    /// <param name="database">The path of the database; it need not be there.</param>
    /// <param name="kind">What is left.</param>
    /// <param name="random">Chooses what is left.</param>
    public static PowerCutResult Apply(string database, PowerCutKind kind, Random random)
    {
        var result = new PowerCutResult { InCheckpoint = UnsyncedLog.Read(database).Count > 0 };
        foreach (var file in new[] { database, database + "-wal", database + "-journal" }) result = result.And(Undo(file, kind, random));
        File.Delete(database + "-shm"); // It is nothing but memory that processes share.
        return result;
    }

    private static PowerCutResult Undo(string path, PowerCutKind kind, Random random)
    {
        var writes = UnsyncedLog.Read(path);
        File.Delete(UnsyncedLog.PathOf(path));
        if (writes.Count == 0 || !File.Exists(path)) return new PowerCutResult();
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        var newBytes = new byte[writes.Count][];
        for (var i = writes.Count - 1; i >= 0; i--) newBytes[i] = Undo(file, writes[i]);
        var keeps = writes.Select(_ => kind == PowerCutKind.DropsSome && random.Next(KeptOneIn) == 0).ToArray();
        var torn = random.Next(TornOneIn) == 0 ? Array.LastIndexOf(keeps, true) : -1;
        for (var i = 0; i < writes.Count; i++)
            if (keeps[i]) Redo(file, writes[i], i == torn ? newBytes[i].AsSpan(0, random.Next(newBytes[i].Length + 1)) : newBytes[i]);
        var kept = keeps.Count(keep => keep);
        return new PowerCutResult(writes.Count - kept, kept, torn < 0 ? 0 : 1, Enumerable.Range(0, writes.Count).Where(i => !keeps[i]).Sum(i => (long)newBytes[i].Length));
    }

    /// <summary>Makes the file what it was before.</summary>
    /// <returns>What had been written, as far as the process came with it.</returns>
    private static byte[] Undo(FileStream file, UnsyncedWrite write)
    {
        var written = new byte[write.IsTruncation ? 0 : Math.Clamp(file.Length - write.Offset, 0, write.Length)];
        file.Position = write.Offset;
        file.ReadExactly(written);
        file.Position = write.Offset;
        file.Write(write.OldBytes);
        file.SetLength(write.OldLength);
        return written;
    }

    private static void Redo(FileStream file, UnsyncedWrite write, ReadOnlySpan<byte> bytes)
    {
        if (write.IsTruncation)
        {
            file.SetLength(Math.Min(write.Offset, file.Length));
            return;
        }

        file.Position = write.Offset;
        file.Write(bytes);
    }
}

/// <summary>What a cut has done.</summary>
/// <param name="Dropped">How many writes are gone.</param>
/// <param name="Kept">How many have reached the disk though nobody had waited for it.</param>
/// <param name="Torn">How many of those only with their beginning.</param>
/// <param name="DroppedBytes">The bytes of the writes that are gone.</param>
internal readonly record struct PowerCutResult(int Dropped, int Kept, int Torn, long DroppedBytes)
{
    /// <summary>The database itself had writes that were not synced: the log was just being brought into it.</summary>
    public bool InCheckpoint { get; init; }

    public PowerCutResult And(PowerCutResult other) => new(Dropped + other.Dropped, Kept + other.Kept, Torn + other.Torn, DroppedBytes + other.DroppedBytes) { InCheckpoint = InCheckpoint || other.InCheckpoint };
}
