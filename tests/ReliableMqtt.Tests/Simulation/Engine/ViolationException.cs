namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>A promise was broken in a simulated run.</summary>
internal sealed class ViolationException(string message) : Exception(message);
