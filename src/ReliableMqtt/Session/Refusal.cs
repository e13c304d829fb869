using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>A PUBACK or PUBREC of 0x80 and above, as the application is asked about it.</summary>
/// <param name="Record">The message.</param>
/// <param name="ReasonCode">Its code.</param>
/// <param name="ReasonString">Its text, if any.</param>
/// <param name="Attempts">How often the message was sent as a new one, this time included.</param>
internal readonly record struct Refusal(LedgerRecord Record, byte ReasonCode, string? ReasonString, int Attempts);
