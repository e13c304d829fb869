using System.CommandLine;
using System.Globalization;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Torture.PowerLoss;
using ReliableMqtt.Torture.Profile;

namespace ReliableMqtt.Torture.Children;

/// <summary>A child's ledger in a SQLite file, on a disk that keeps account of what was not synced.</summary>
internal sealed class SqliteOptions
{
    private const string DoomCommand = "doom ";

    private readonly Option<string?> _file = new("--sqlite");
    private readonly Option<SqliteSynchronous> _synchronous = new("--synchronous") { DefaultValueFactory = _ => SqliteSynchronous.Full };
    private readonly Option<bool> _lies = new("--lies");
    private readonly Option<ulong> _boot = new("--boot");

    /// <param name="path">The database.</param>
    /// <param name="file">How it is kept.</param>
    /// <param name="boot">Names the start of the machine.</param>
    public static IEnumerable<string> Arguments(string path, SqliteFile file, ulong boot) =>
        ["--sqlite", path, "--synchronous", $"{file.Synchronous}", "--boot", boot.ToString(CultureInfo.InvariantCulture), .. file.Lies ? ["--lies"] : (string[])[]];

    /// <summary>The command that has a child end itself with SIGKILL at the n-th such step of its disk.</summary>
    public static string Doomed(DoomedAt step, int number) => string.Create(CultureInfo.InvariantCulture, $"{DoomCommand}{(int)step} {number}");

    /// <summary>Does what the command says. False when it is another one.</summary>
    public static bool TryDoom(string command)
    {
        if (!command.StartsWith(DoomCommand, StringComparison.Ordinal)) return false;
        var words = command.Split(' ');
        Doom.Arm((DoomedAt)int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture));
        return true;
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _file, _synchronous, _lies, _boot }) command.Options.Add(option);
    }

    /// <summary>The ledger; null when the command line names no file.</summary>
    public SqliteAckLedger? Open(ParseResult parsed)
    {
        if (parsed.GetValue(_file) is not { } path) return null;
        UnsyncedVfs.Register("unsynced", makesDefault: true, parsed.GetValue(_lies));
        MarkerCopy.Keep();
        return new SqliteAckLedger(new SqliteAckLedgerOptions { Path = path, Synchronous = parsed.GetValue(_synchronous) }) { Boot = parsed.GetValue(_boot) };
    }
}
