namespace ReliableMqtt.Sqlite;

/// <summary>The ledger objects of this process that are on the same file and publisher id: they tell each other what other processes find out by asking.</summary>
internal static class LedgerHub
{
    private static readonly Dictionary<(string Path, string PublisherId), SqliteAckLedger[]> Members = [];

    public static void Join(string path, string publisherId, SqliteAckLedger ledger)
    {
        lock (Members) Members[(path, publisherId)] = [.. Of(path, publisherId), ledger];
    }

    public static void Leave(string path, string publisherId, SqliteAckLedger ledger)
    {
        lock (Members)
        {
            var others = Of(path, publisherId).Where(member => member != ledger).ToArray();
            if (others.Length == 0) Members.Remove((path, publisherId));
            else Members[(path, publisherId)] = others;
        }
    }

    public static IReadOnlyList<SqliteAckLedger> Of(string path, string publisherId)
    {
        lock (Members) return Members.GetValueOrDefault((path, publisherId), []);
    }

    /// <summary>Runs a handler of somebody else's within a call: what it throws must not make that call look as if nothing was written.</summary>
    public static void Raise(IEnumerable<SqliteAckLedger> members, Action<SqliteAckLedger> handlers)
    {
        foreach (var member in members)
        {
            try
            {
                handlers(member);
            }
#pragma warning disable CA1031 // Best effort: whoever listens asks as well.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
