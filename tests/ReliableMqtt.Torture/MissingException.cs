namespace ReliableMqtt.Torture;

/// <summary>This machine lacks something that the verb needs; the message says what.</summary>
internal sealed class MissingException(string message) : Exception(message);
