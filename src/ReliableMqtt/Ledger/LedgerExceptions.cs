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

/// <summary>There is no ledger of this publisher id, and none was to be made. Nothing was written.</summary>
public class LedgerNotFoundException : Exception
{
    /// <summary>Makes the exception.</summary>
    public LedgerNotFoundException(string message) : base(message) { }
}
