namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>What was done to a record.</summary>
internal enum Mutation
{
    /// <summary>One to eight bits are another way round, none of them in the sequence.</summary>
    FlippedBits,

    /// <summary>Bits of the sequence, which the checksum does not cover since the store stamps it.</summary>
    FlippedSequence,

    /// <summary>Bytes are missing at the end, perhaps all of them.</summary>
    CutOff,

    /// <summary>Bytes have come in at the end.</summary>
    Extended,

    /// <summary>The beginning of one record, the end of another.</summary>
    Spliced,

    /// <summary>A version that this library does not know.</summary>
    OtherVersion,

    /// <summary>Bytes are changed and length and checksum made to fit: nonsense that somebody has written on purpose.</summary>
    Resealed,
}
