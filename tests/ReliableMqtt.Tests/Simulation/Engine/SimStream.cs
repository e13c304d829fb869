namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Randomness for one purpose: draws for one do not move those for another.</summary>
internal enum SimStream
{
    Network,
    Broker,
    Ledger,
    Application,
    Turns,
}
