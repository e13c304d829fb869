namespace ReliableMqtt.Ledger;

/// <summary>The store of a ledger did not answer, or refuses writes for now. What was asked for may or may not have happened; ask again.</summary>
public class LedgerUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    public LedgerUnavailableException(string message, Exception? innerException = null) : base(message, innerException) { }
}

/// <summary>
/// The store of a ledger is damaged, or older than what it had said to be stored: what it says cannot be trusted. It takes nothing and gives nothing away, and never begins anew by
/// itself; a person has to look. For who calls it is unavailable: what was accepted is not lost by waiting.
/// </summary>
public class LedgerDamagedException : LedgerUnavailableException
{
    /// <summary>Makes the exception.</summary>
    public LedgerDamagedException(string message, Exception? innerException = null) : base(message, innerException) { }
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
