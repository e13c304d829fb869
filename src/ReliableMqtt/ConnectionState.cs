namespace ReliableMqtt;

/// <summary>Where the connection to the broker stands.</summary>
public enum ConnectionState
{
    /// <summary>There is none, and one is being made or will be.</summary>
    Disconnected,

    /// <summary>The broker has accepted the connection.</summary>
    Connected,

    /// <summary>The broker refuses for a reason that does not pass by itself (credentials, ban, protocol); it is asked again every <see cref="ReliablePublisherOptions.FaultedRetryInterval"/>.</summary>
    Faulted,

    /// <summary>Another process has taken over the lease or the client id: this one no longer dispatches.</summary>
    Fenced,

    /// <summary>The publisher was disposed.</summary>
    Stopped,
}

/// <summary>A change of the connection.</summary>
/// <param name="State">The new state.</param>
/// <param name="Previous">The state before.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="ReasonCode">The broker's CONNACK or DISCONNECT code, when it gave one.</param>
/// <param name="SessionPresent">For <see cref="ConnectionState.Connected"/>: whether the broker had kept the session (MQTT 5 §3.2.2.1.1).</param>
public sealed record ConnectionStateChange(
    ConnectionState State, ConnectionState Previous, string Reason, byte? ReasonCode = null, bool? SessionPresent = null);
