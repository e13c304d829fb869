using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>What a ledger knows, in the words of a receipt.</summary>
public class StatusAnswerTests
{
    [Theory]
    [InlineData(LedgerStatus.Unknown, null, PublishOutcome.Unknown)]
    [InlineData(LedgerStatus.Pending, null, PublishOutcome.Pending)]
    [InlineData(LedgerStatus.Confirmed, (byte)0, PublishOutcome.Confirmed)]
    [InlineData(LedgerStatus.DeadLettered, (byte)0x87, PublishOutcome.Rejected)]
    [InlineData(LedgerStatus.DeadLettered, null, PublishOutcome.DeadLettered)]
    [InlineData(LedgerStatus.Expired, null, PublishOutcome.Expired)]
    [InlineData(LedgerStatus.Purged, (byte)0x87, PublishOutcome.Purged)]
    public void Each_status_is_an_outcome(LedgerStatus status, byte? code, PublishOutcome outcome) =>
        Assert.Equal(outcome, new StatusAnswer("id", status, 1, code).Outcome);
}
