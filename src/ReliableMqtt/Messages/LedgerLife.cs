namespace ReliableMqtt.Messages;

/// <summary>The life of a ledger that automatic ids name, as an object that all of its ids share. Two with the same nonce are equal, and mostly the same.</summary>
internal sealed record LedgerLife(ulong Nonce)
{
    // A process has few ledgers; where two share a place, their ids cost an object each time the other one was here last.
    private static readonly LedgerLife?[] Recent = new LedgerLife?[64];

    public static LedgerLife Of(ulong nonce)
    {
        ref var place = ref Recent[nonce % (ulong)Recent.Length];
        var life = Volatile.Read(ref place);
        if (life?.Nonce == nonce) return life;
        life = new LedgerLife(nonce);
        Volatile.Write(ref place, life);
        return life;
    }
}
