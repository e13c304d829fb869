using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Ledger;
using ReliableMqtt.Tests.Sqlite;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>The doctor on files, while their publisher has them open and when they are damaged.</summary>
public sealed class DoctorSqliteTests : IDisposable
{
    private readonly SqliteFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SqliteSynchronous.Full, "Ok")]
    [InlineData(SqliteSynchronous.Normal, "Warning")]
    public async Task A_file_is_looked_at_while_its_owner_goes_on(SqliteSynchronous synchronous, string level)
    {
        await using (var ledger = new SqliteAckLedger(new SqliteAckLedgerOptions { Path = _folder.File, Synchronous = synchronous }))
        {
            await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = DoctorRun.PublisherId }, Cancel);
            var owner = await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, TimeProvider.System);
            var run = await RunAsync();
            Assert.Equal(
                ["sqlite-file", "sqlite-disk", "sqlite-check", "sqlite-journal", "sqlite-synchronous", "ledger", "lease", "oldest-pending", "dead-letters", "quarantine"],
                run.Findings.Select(finding => finding.Check).Except(["broker", "sqlite-disk-kind"]));
            Assert.StartsWith("held by ", run.Of("lease").What, StringComparison.Ordinal);
            Assert.Equal(Level.Ok, run.Of("sqlite-check").Level);
            Assert.Equal(LeaseStatus.Held, (await ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        }

        // When its owner has gone, its note tells how it wrote.
        Assert.Equal(level, (await RunAsync()).Of("sqlite-synchronous").Level.ToString());
    }

    [Fact]
    public async Task A_page_that_is_damaged_is_found_and_the_file_is_left_alone()
    {
        await using (var ledger = new SqliteAckLedger(_folder.File)) await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = DoctorRun.PublisherId }, Cancel);
        var bytes = await File.ReadAllBytesAsync(_folder.File, Cancel);
        Array.Fill(bytes, (byte)0xFF, 8192, bytes.Length - 8192);
        await File.WriteAllBytesAsync(_folder.File, bytes, Cancel);
        (await RunAsync()).HasProblem("sqlite-check", "quick_check says", ".recover");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(_folder.File, Cancel));
    }

    [Fact]
    public async Task What_is_no_database_is_found()
    {
        await File.WriteAllTextAsync(_folder.File, "Dear diary, nothing of this is a database, and nothing ever was one. It goes on like this for a while.", Cancel);
        (await RunAsync()).HasProblem("sqlite-file", "cannot be read", ".recover");
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_told_and_not_made()
    {
        var run = await RunAsync();
        run.IsWell(Level.Warning);
        Assert.Contains("there is no file", run.Of("sqlite-file").What, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_folder.File)!));
    }

    private Task<DoctorRun> RunAsync() => DoctorRun.RunAsync("--ledger", $"sqlite:{_folder.File}");
}
