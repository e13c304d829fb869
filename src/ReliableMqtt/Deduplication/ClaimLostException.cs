namespace ReliableMqtt.Deduplication;

/// <summary>
/// The claim of a message has run out, and another process has taken it or has handled it. Thrown by what writes effect and mark in one transaction, which then has
/// written nothing. Let it pass out of the handler: it is no failed attempt.
/// </summary>
public class ClaimLostException : Exception
{
    /// <summary>Makes the exception.</summary>
    public ClaimLostException(string message) : base(message) { }
}
