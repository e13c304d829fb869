using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>
/// The markers that a ledger writes beside its database, past SQLite. Each of them has its place in one sector, so what a loss of power leaves is what was synced last, or what was written last; or nothing
/// at all as long as none was ever synced.
/// </summary>
internal static class MarkerCopy
{
    private const string Suffix = ".owner-";

    /// <summary>Keeps a copy of what is synced, from now on, in this process.</summary>
    public static void Keep() => OwnerFile.Synced += (path, bytes) =>
    {
        // Whole or not at all, whenever this process is killed.
        Directory.CreateDirectory(FolderOf(path));
        File.WriteAllBytes(PathOf(path) + ".new", bytes);
        File.Move(PathOf(path) + ".new", PathOf(path), overwrite: true);
    };

    /// <summary>All markers of a database.</summary>
    private static string[] MarkersOf(string database) => Directory.GetFiles(Path.GetDirectoryName(database)!, Path.GetFileName(database) + Suffix + "*");

    /// <summary>Leaves of each what the disk may have had.</summary>
    public static void CutPower(string database, Random random)
    {
        foreach (var marker in MarkersOf(database))
        {
            if (!File.Exists(PathOf(marker))) File.Delete(marker);
            else if (random.Next(2) == 0) File.Copy(PathOf(marker), marker, overwrite: true);
        }
    }

    /// <summary>Deletes them, for good.</summary>
    public static void Delete(string database)
    {
        foreach (var marker in MarkersOf(database))
        {
            File.Delete(marker);
            File.Delete(PathOf(marker));
        }
    }

    private static string PathOf(string marker) => Path.Combine(FolderOf(marker), Path.GetFileName(marker));

    private static string FolderOf(string marker) => Path.Combine(Path.GetDirectoryName(marker)!, "synced");
}
