namespace ReliableMqtt.Deduplication;

/// <summary>
/// A store of processed messages did not answer, or refuses writes for now. What was asked for may or may not have happened; ask again. When it passes out of a handler, that is called again after a
/// wait, and it is no failed attempt.
/// </summary>
public class StoreUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    public StoreUnavailableException(string message, Exception? innerException = null) : base(message, innerException) { }
}
