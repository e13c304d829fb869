using ReliableMqtt.Torture.PowerLoss;
using SQLitePCL;

namespace ReliableMqtt.Tests.Torture;

/// <summary>The loss of power that the torture program plays: a real SQLite on the VFS that keeps account, and single entries of that account.</summary>
public sealed class PowerCutTests : IDisposable
{
    private const string Vfs = "unsynced-tests";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reliable-mqtt-");
    private readonly Random _random = new(7);

    static PowerCutTests()
    {
        Batteries_V2.Init();
        UnsyncedVfs.Register(Vfs, makesDefault: false, lies: false);
    }

    private string Database => Path.Combine(_folder.FullName, "live", "a.db");

    private string Plain => Path.Combine(_folder.FullName, "plain");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_commit_that_was_synced_stays_and_one_that_was_not_is_gone()
    {
        using var live = Open(Database, Vfs);
        Execute(live, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(n); INSERT INTO t VALUES(1)");
        Assert.Equal(0, Cut().Result.Dropped);
        Execute(live, "PRAGMA synchronous=OFF; INSERT INTO t VALUES(2)");
        var (result, rows) = Cut();
        Assert.True(result.Dropped > 0 && result.DroppedBytes > 0, $"{result}");
        Assert.Equal("1", rows);
        // A later sync of the same log makes the earlier one safe.
        Execute(live, "PRAGMA synchronous=FULL; INSERT INTO t VALUES(3)");
        Assert.Equal("1,2,3", Cut().Rows);
    }

    [Fact]
    public void Without_any_sync_nothing_is_left()
    {
        using var live = Open(Database, Vfs);
        Execute(live, "PRAGMA synchronous=OFF; PRAGMA journal_mode=WAL; CREATE TABLE t(n); INSERT INTO t VALUES(1)");
        Assert.Equal("no table", Cut().Rows);
    }

    [Fact]
    public void A_checkpoint_that_was_not_synced_is_taken_back_with_its_truncation()
    {
        using var live = Open(Database, Vfs);
        Execute(live, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(n); INSERT INTO t VALUES(1); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES(2)");
        var before = (Bytes(Database), Bytes(Database + "-wal"));
        Execute(live, "PRAGMA synchronous=OFF; PRAGMA wal_checkpoint(TRUNCATE)");
        Assert.Empty(Bytes(Database + "-wal"));
        var (result, rows) = Cut(out var copy);
        Assert.True(result.Dropped >= 2, $"{result}");
        Assert.Equal("1,2", rows);
        Assert.Equal(before, (Bytes(copy), Bytes(copy + "-wal")), (one, other) => one.Item1.AsSpan().SequenceEqual(other.Item1) && one.Item2.AsSpan().SequenceEqual(other.Item2));
    }

    [Fact]
    public void What_a_killed_process_left_unsynced_can_still_be_lost_later()
    {
        using (var live = Open(Database, Vfs)) Execute(live, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE t(n); INSERT INTO t VALUES(1); PRAGMA wal_checkpoint(FULL)");
        using var next = Open(Database, Vfs);
        Assert.Equal("1", Rows(next));
        Assert.Equal("no table", Cut().Rows);
    }

    [Fact]
    public void Whatever_part_of_an_unsynced_commit_survives_the_synced_ones_are_whole()
    {
        using var live = Open(Database, Vfs);
        Execute(live, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(n); INSERT INTO t VALUES(1); PRAGMA synchronous=OFF");
        Execute(live, "INSERT INTO t VALUES(2); INSERT INTO t VALUES(3); INSERT INTO t SELECT n + 10 FROM t, (VALUES(1),(2),(3))");
        var (kept, torn) = (0, 0);
        for (var i = 0; i < 50; i++)
        {
            var (result, rows) = Cut(PowerCutKind.DropsSome, out _);
            (kept, torn) = (kept + result.Kept, torn + result.Torn);
            Assert.StartsWith("1", rows);
        }

        Assert.True(kept > 0 && torn > 0, $"{kept} writes kept, {torn} torn");
    }

    [Fact]
    public void Writes_are_taken_back_in_their_order_whatever_they_overlap()
    {
        File.WriteAllText(Plain, "0123456789");
        using (var log = new UnsyncedLog(Plain))
        {
            log.Note(new UnsyncedWrite(2, 3, 10, "234"u8.ToArray()));
            File.WriteAllText(Plain, "01abc56789");
            log.Note(new UnsyncedWrite(4, UnsyncedWrite.Truncation, 10, "c56789"u8.ToArray()));
            File.WriteAllText(Plain, "01ab");
            log.Note(new UnsyncedWrite(3, 4, 4, "b"u8.ToArray()));
            File.WriteAllText(Plain, "01aWXYZ");
        }

        var result = PowerCut.Apply(Plain, PowerCutKind.DropsAll, _random);
        Assert.Equal("0123456789", File.ReadAllText(Plain));
        Assert.Equal(new PowerCutResult(3, 0, 0, 3 + 4) { InCheckpoint = true }, result);
        Assert.Empty(UnsyncedLog.Read(Plain));
    }

    [Fact]
    public void What_is_synced_needs_no_entry_and_half_an_entry_is_none()
    {
        using (var log = new UnsyncedLog(Plain))
        {
            log.Note(new UnsyncedWrite(0, 1, 1, "a"u8.ToArray()));
            log.Clear();
            log.Note(new UnsyncedWrite(0, 2, 2, "bc"u8.ToArray()));
        }

        Assert.Equal("bc"u8.ToArray(), Assert.Single(UnsyncedLog.Read(Plain)).OldBytes);
        File.WriteAllBytes(UnsyncedLog.PathOf(Plain), File.ReadAllBytes(UnsyncedLog.PathOf(Plain))[..^1]);
        Assert.Empty(UnsyncedLog.Read(Plain));
    }

    private (PowerCutResult Result, string Rows) Cut() => Cut(out _);

    private (PowerCutResult Result, string Rows) Cut(out string copy) => Cut(PowerCutKind.DropsAll, out copy);

    /// <summary>Copies all files as they are, as a kill leaves them, cuts the power of the copy, and reads what is in it then.</summary>
    private (PowerCutResult Result, string Rows) Cut(PowerCutKind kind, out string copy)
    {
        var folder = _folder.CreateSubdirectory(Guid.NewGuid().ToString("N"));
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(Database)!, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)))
        {
            var target = Path.Combine(folder.FullName, Path.GetRelativePath(Path.GetDirectoryName(Database)!, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, Bytes(file));
        }

        copy = Path.Combine(folder.FullName, Path.GetFileName(Database));
        var result = PowerCut.Apply(copy, kind, _random);
        var saved = (Bytes(copy), Bytes(copy + "-wal"));
        using (var opened = Open(copy, null))
        {
            var rows = Rows(opened);
            opened.Dispose();
            // Opening and closing has brought the log into the database.
            (byte[] Database, byte[] Log) = saved;
            File.WriteAllBytes(copy, Database);
            File.WriteAllBytes(copy + "-wal", Log);
            return (result, rows);
        }
    }

    // SQLite's locks are no hindrance to a reader that ignores them.
    private static byte[] Bytes(string path)
    {
        if (!File.Exists(path)) return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static sqlite3 Open(string path, string? vfs)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open_v2(path, out var database, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE, vfs));
        return database;
    }

    private static void Execute(sqlite3 database, string sql) => Assert.True(raw.sqlite3_exec(database, sql) == raw.SQLITE_OK, raw.sqlite3_errmsg(database).utf8_to_string());

    private static string Rows(sqlite3 database)
    {
        if (raw.sqlite3_prepare_v2(database, "SELECT group_concat(n) FROM t", out var statement) != raw.SQLITE_OK) return "no table";
        using (statement) return raw.sqlite3_step(statement) == raw.SQLITE_ROW ? raw.sqlite3_column_text(statement, 0).utf8_to_string() ?? "" : raw.sqlite3_errmsg(database).utf8_to_string();
    }
}
