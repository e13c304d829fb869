namespace ReliableMqtt.Tool.Settings;

/// <summary>What was asked for makes no sense, which shows only while it is being done. Nothing was changed.</summary>
internal sealed class BadUsageException(string message) : Exception(message);
