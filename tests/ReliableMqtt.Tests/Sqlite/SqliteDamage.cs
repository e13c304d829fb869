using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>What tests do to a ledger's connection and file.</summary>
internal static class SqliteDamage
{
    /// <summary>The disk behind the ledger's connection may be written, or not.</summary>
    public static Task SetReadOnlyAsync(this AckLedger ledger, bool isReadOnly) =>
        ((SqliteAckLedger)ledger).ExecuteAsync(isReadOnly ? "PRAGMA query_only=1" : "PRAGMA query_only=0");

    /// <summary>Writes nonsense over a page, from 1 on.</summary>
    public static void SpoilPage(string file, long page)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.Position = (page - 1) * 4096;
        stream.Write(Enumerable.Repeat((byte)0xA5, 4096).ToArray());
    }
}
