using System.CommandLine;
using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>dead-letters</c>: what was given up, and why; with a filter what <c>replay</c> and <c>purge</c> would take.</summary>
internal static class DeadLettersVerb
{
    // A page may have payloads of 256 KiB each.
    private const int PageSize = 50;

    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(host, "dead-letters", "Lists what was given up, in the order in which it was, with the reason. With a filter: what replay and purge with it would take.");
        var filters = new LetterFilterOptions(verb);
        var limit = verb.Add(CommonOptions.Limit());
        var after = verb.Add(new Option<string?>("--after") { Description = "Begin behind this place, as the page before says", HelpName = "PLACE" });
        var payload = verb.Add(CommonOptions.Payload());
        verb.Run(async (parsed, open, stop) =>
        {
            var filter = filters.Of(parsed);
            var now = host.Time.GetUtcNow();
            IListing<DeadLetter> listing = open.Json ? new LettersJson(open, parsed.GetValue(payload)) : new LettersTable(open, parsed.GetValue(payload));
            using (listing)
            {
                var left = parsed.GetValue(limit);
                var found = 0;
                var continuation = parsed.GetValue(after);
                do
                {
                    // Never more than are still wanted, so that the next page begins behind the last one that is shown.
                    var page = await ListAsync(open.Ledger, continuation, Math.Min(left - found, PageSize), stop);
                    foreach (var letter in page.Items.Where(letter => filter.Matches(letter, now)))
                    {
                        found++;
                        listing.Add(letter);
                    }

                    listing.EndPage();
                    continuation = page.Continuation;
                }
                while (continuation is not null && found < left);
                listing.Complete(continuation);
                return filter.Selects && found == 0 ? ExitCode.NotFound : ExitCode.Success;
            }
        });
        return verb.Command;
    }

    private static async Task<DeadLetterPage> ListAsync(AckLedger ledger, string? continuation, int count, CancellationToken stop)
    {
        try
        {
            return await ledger.ListDeadLettersAsync(continuation, count, stop);
        }
        catch (ArgumentException error) when (continuation is not null)
        {
            throw new BadUsageException(error.Message);
        }
    }

    private sealed class LettersTable(OpenLedger open, bool withPayload) : TableListing<DeadLetter>(open.Host, "There is no such dead letter.", withPayload,
        "Message id", "Topic", "QoS", "Cause", "Code", "Reason", "Given up", "Accepted", "#Bytes")
    {
        protected override IEnumerable<string> Cells(DeadLetter letter) =>
        [
            letter.Record.MessageId.Value, letter.Record.Topic, ((int)letter.Record.QualityOfService).ToString(CultureInfo.InvariantCulture), Words.Spoken(letter.Reason.Cause),
            Words.ReasonCode(letter.Reason.ReasonCode), letter.Reason.Text ?? "", Words.Time(letter.FailedAt), Words.Time(letter.Record.AcceptedAt),
            letter.Record.Payload.Length.ToString(CultureInfo.InvariantCulture),
        ];

        protected override ReadOnlyMemory<byte> Payload(DeadLetter letter) => letter.Record.Payload;
    }

    private sealed class LettersJson(OpenLedger open, bool withPayload) : JsonListing<DeadLetter>(open.Host, "deadLetters")
    {
        protected override void Write(JsonOutput json, DeadLetter letter)
        {
            json.Writer.WriteString("cause", Words.Name(letter.Reason.Cause));
            json.Number("reasonCode", letter.Reason.ReasonCode);
            json.Writer.WriteString("reason", letter.Reason.Text);
            json.Time("failedAt", letter.FailedAt);
            json.Message(letter.Record, withPayload);
        }
    }
}
