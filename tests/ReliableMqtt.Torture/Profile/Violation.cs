namespace ReliableMqtt.Torture.Profile;

/// <summary>The kinds of things that must not be, each found by a check of its own.</summary>
internal enum Violation
{
    Lost,
    Unexpected,
    Corrupted,
    FailedAndCame,
    Contradictory,
    DuplicateAtQoS2,
    UnexplainedAtQoS1,
    OutOfOrder,
    FalseConfirm,
    Wire,
    GivenUp,
    NotDrained,
    LeftInLedger,
    Funnel,
    Wedged,
}
