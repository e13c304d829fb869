using ReliableMqtt;
using ReliableMqtt.Ledger;

namespace Snippets;

/// <summary>Code of README.md, here so that it compiles.</summary>
internal static class DeadLetters
{
    public static async Task ReplayAsync(IReliablePublisher publisher)
    {
        #region dead letters
        await foreach (DeadLetter letter in publisher.DeadLetters.ListAsync())
        {
            Console.WriteLine($"{letter.Record.MessageId} {letter.Record.Topic}: {letter.Reason.Cause} {letter.Reason.Text}");
            if (letter.Reason.Cause == DeadLetterCause.BrokerLimit) await publisher.DeadLetters.ReplayAsync(letter.Record.MessageId);
            else await publisher.DeadLetters.PurgeAsync(letter.Record.MessageId);
        }

        ReplaySummary summary = await publisher.DeadLetters.ReplayAllAsync(letter => letter.Reason.ReasonCode == 0x87); // The right was granted.
        long purged = await publisher.DeadLetters.PurgeAllAsync(letter => letter.Record.Topic == "test");
        #endregion
    }
}
