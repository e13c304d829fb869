using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>What is found of a file, and what it means.</summary>
public class SqliteChecksTests
{
    private static readonly SqliteLook Good = new() { Path = "/a.db", Exists = true, FileBytes = 4096, FreeBytes = 1L << 40, FileSystem = "ext4", QuickCheck = "ok", JournalMode = "wal", IsFull = true };

    [Fact]
    public void All_is_well_with_a_good_file() => Assert.All(SqliteChecks.Judge(Good), finding => Assert.Equal((finding.Check, Level.Ok), (finding.Check, finding.Level)));

    [Theory]
    [InlineData(16L << 20, "Warning")]
    [InlineData((16L << 20) - 1, "Problem")]
    [InlineData(512L << 20, "Ok")]
    public void A_disk_that_is_nearly_full_is_told(long free, string level) => Assert.Equal(level, Of(Good with { FreeBytes = free }, "sqlite-disk").Level.ToString());

    [Fact]
    public void Each_trouble_has_its_finding()
    {
        Assert.Equal(Level.Problem, Of(Good with { QuickCheck = "wrong page" }, "sqlite-check").Level);
        Assert.Contains(".recover", Of(Good with { Problem = "file is not a database" }, "sqlite-file").Change, StringComparison.Ordinal);
        Assert.Equal(Level.Problem, Of(Good with { IsReadOnly = true }, "sqlite-file").Level);
        Assert.Equal(Level.Warning, Of(Good with { Exists = false }, "sqlite-file").Level);
        Assert.Equal(Level.Problem, Of(Good with { IsNetworkDisk = true, FileSystem = "nfs4" }, "sqlite-disk-kind").Level);
        Assert.Equal(Level.Warning, Of(Good with { IsFull = false }, "sqlite-synchronous").Level);
        Assert.Equal(Level.Ok, Of(Good with { IsFull = null }, "sqlite-synchronous").Level);
        Assert.Equal(Level.Warning, Of(Good with { JournalMode = "delete" }, "sqlite-journal").Level);
    }

    private static Finding Of(SqliteLook look, string check) => SqliteChecks.Judge(look).Single(finding => finding.Check == check);
}
