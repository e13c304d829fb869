namespace ReliableMqtt.Ledger;

/// <summary>The store of a ledger did not answer, or refuses writes for now. What was asked for may or may not have happened; ask again.</summary>
public class LedgerUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    public LedgerUnavailableException(string message, Exception? innerException = null) : base(message, innerException) { }
}

/// <summary>Another process dispatches for this publisher id now. Nothing was written.</summary>
public class LedgerFencedException : Exception
{
    /// <summary>Makes the exception.</summary>
    public LedgerFencedException(string message) : base(message) { }
}
