using System.Runtime.CompilerServices;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tool.Letters;

/// <summary>
/// Goes through the dead letters that match, once: not more of them than there were at the beginning, and none twice. A letter that is replayed may die again meanwhile and stand at
/// the end; without these bounds a message that cannot succeed would be replayed for ever.
/// </summary>
internal sealed class LetterWalk(AckLedger ledger, LetterFilter filter, DateTimeOffset now)
{
    // A page may have payloads of 256 KiB each.
    private const int PageSize = 50;

    /// <summary>How many were looked at.</summary>
    public long Seen { get; private set; }

    public async IAsyncEnumerable<DeadLetter> MatchingAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Seen = 0;
        var left = (await ledger.GetStatisticsAsync(cancellationToken)).DeadLetters;
        var taken = new HashSet<MessageId>();
        string? continuation = null;
        do
        {
            var page = await ledger.ListDeadLettersAsync(continuation, (int)Math.Min(PageSize, Math.Max(1, left)), cancellationToken);
            foreach (var letter in page.Items)
            {
                left--;
                Seen++;
                if (filter.Matches(letter, now) && taken.Add(letter.Record.MessageId)) yield return letter;
            }

            continuation = page.Continuation;
        }
        while (continuation is not null && left > 0);
    }
}
