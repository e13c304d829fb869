namespace ReliableMqtt.Tests.Sqlite;

/// <summary>A folder of its own for the file of a ledger, gone with the test.</summary>
internal sealed class SqliteFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reliable-mqtt-");

    public string File => Path.Combine(_folder.FullName, "ledger.db");

    public string Wal => File + "-wal";

    public string Owner => File + ".owner-1";

    public string Reserve => File + ".reserve";

    public void Dispose() => _folder.Delete(recursive: true);
}
