namespace ReliableMqtt.Sample.Settings;

/// <summary>What was asked for makes no sense, which shows only while it is being done: a missing column, say.</summary>
internal sealed class BadUsageException(string message) : Exception(message);
