using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Session;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>
/// What the tests of the session under faults prove of a ledger in memory, with a file: each next process gets the files as a kill leaves them, which are copied while the one before has them open. So
/// nothing crosses by an orderly end.
/// </summary>
public sealed class SqliteSessionFaultTests
{
    private const int Runs = 6, Messages = 40;

    [Theory]
    [InlineData(1, false, 0)]
    [InlineData(0, false, 0)] // another seed each time
    [InlineData(0, true, 0)]
    [InlineData(0, false, 2)]
    public void Nothing_is_lost_and_qos2_arrives_once_while_the_session_lives(int seed, bool losesSessions, int poison)
    {
        if (seed == 0) seed = Random.Shared.Next(2, 1_000_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var lives = 0;
        for (var i = 0; i < Runs; i++)
        {
            using var files = new KilledFiles();
            using var run = new SessionFaultRun(seed + i, files.NewLedger, losesSessions, poison, Messages);
            run.Execute();
            lives += run.Lives;
        }

        Assert.True(lives > 2 * Runs, $"seed {seed}: {lives} lives in {Runs} runs");
    }

    /// <summary>A folder for each process.</summary>
    private sealed class KilledFiles : IDisposable
    {
        private readonly List<SqliteFolder> _folders = [];
        private SqliteAckLedger? _last;

        public AckLedger NewLedger()
        {
            var folder = new SqliteFolder();
            if (_folders is [.., var before])
            {
                Copy(before.File, folder.File);
                Copy(before.Wal, folder.Wal);
                // Its end brings the log into the database, and leaves the marker as it is, which is locked until then.
                _last!.DisposeAsync().AsTask().GetAwaiter().GetResult();
                Copy(before.Owner, folder.Owner);
            }

            _folders.Add(folder);
            return _last = new SqliteAckLedger(folder.File);
        }

        public void Dispose() => _folders.ForEach(folder => folder.Dispose());

        private static void Copy(string from, string to)
        {
            using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            using var target = new FileStream(to, FileMode.CreateNew);
            source.CopyTo(target);
        }
    }
}
