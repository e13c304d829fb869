namespace ReliableMqtt.Torture.Verbs.Receiving;

/// <summary>How a message is handled.</summary>
internal enum HandlerMode
{
    /// <summary>Effect and mark in one transaction.</summary>
    Transaction,

    /// <summary>The effect in the handler, the mark after it.</summary>
    Apart,

    /// <summary>No deduplication: the control.</summary>
    None,
}
