namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>A fault put into what surrounds the code under test, to show that the checks would notice it there.</summary>
internal enum PlantedBug
{
    None,

    /// <summary>PUBREL leaves as soon as PUBREC has come, before the release is stored.</summary>
    ReleasesBeforeStoring,

    /// <summary>The ledger says that a release is stored, and does not store it.</summary>
    ForgetsReleases,

    /// <summary>Packet ids on the wire begin with 1 in each process, as a client without a memory has them.</summary>
    RestartsPacketIds,

    /// <summary>An accept whose request got lost is answered as if it were stored.</summary>
    AcceptsUnstored,

    /// <summary>A PUBLISH without an answer is sent again on the living connection.</summary>
    ResendsWhileConnected,
}
