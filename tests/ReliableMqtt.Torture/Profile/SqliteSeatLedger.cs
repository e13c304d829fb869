using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.PowerLoss;

namespace ReliableMqtt.Torture.Profile;

/// <summary>In a SQLite file, in a folder of its own that is gone with it.</summary>
internal sealed class SqliteSeatLedger(SqliteFile file) : SeatLedger
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reliable-mqtt-file-");
    private readonly List<PowerCutResult> _cuts = [];

    /// <summary>What each loss of power has taken.</summary>
    public IReadOnlyList<PowerCutResult> Cuts => _cuts;

    /// <summary>How often the ledger has refused to begin because what was answered is missing.</summary>
    public int Refusals { get; private set; }

    /// <summary>The machine has been started as often as its power was cut.</summary>
    public override IEnumerable<string> Arguments => SqliteOptions.Arguments(Database, file, 1 + (ulong)_cuts.Count);

    private string Database => Path.Combine(_folder.FullName, "ledger.db");

    public override AckLedger Open() => new SqliteAckLedger(new SqliteAckLedgerOptions { Path = Database, Synchronous = file.Synchronous }) { Boot = 1 + (ulong)_cuts.Count };

    /// <summary>The power is gone, when the process is.</summary>
    public void CutPower(Random random)
    {
        // What is left by a disk that has lied all the time is no database any more, but for the state of the last cut.
        var kind = file.Lies || _cuts.Count % 2 == 0 ? PowerCutKind.DropsAll : PowerCutKind.DropsSome;
        _cuts.Add(PowerCut.Apply(Database, kind, random));
        MarkerCopy.CutPower(Database, random);
    }

    /// <summary>The ledger has seen that something is missing. It is told that this may be, in the way that its message names.</summary>
    public void AcceptLoss()
    {
        Refusals++;
        MarkerCopy.Delete(Database);
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
