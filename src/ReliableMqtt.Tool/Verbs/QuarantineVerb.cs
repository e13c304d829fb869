using System.CommandLine;
using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>quarantine</c>: the records that could not be read.</summary>
internal static class QuarantineVerb
{
    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(host, "quarantine", "Lists the records that could not be read and were put aside, with the reason. They are not sent, and never deleted.");
        var limit = verb.Add(CommonOptions.Limit());
        var after = verb.Add(CommonOptions.After("this number"));
        var payload = verb.Add(CommonOptions.Payload());
        verb.Run(async (parsed, open, stop) =>
        {
            IListing<QuarantinedRecord> listing = open.Json ? new QuarantineJson(open, parsed.GetValue(payload)) : new QuarantineTable(open, parsed.GetValue(payload));
            using (listing)
            {
                long? next = parsed.GetValue(after);
                for (var left = parsed.GetValue(limit); left > 0 && next is { } from;)
                {
                    var page = await open.Ledger.ListQuarantineAsync(from, left, stop);
                    foreach (var record in page.Items) listing.Add(record);
                    listing.EndPage();
                    (left, next) = (left - page.Items.Count, page.NextAfter);
                }

                listing.Complete(next?.ToString(CultureInfo.InvariantCulture));
            }

            return ExitCode.Success;
        });
        return verb.Command;
    }

    private sealed class QuarantineTable(OpenLedger open, bool withPayload) : TableListing<QuarantinedRecord>(open.Host, "Nothing is in quarantine.", withPayload,
        "#Number", "Place", "Field", "Put aside", "#Bytes", "Reason")
    {
        protected override IEnumerable<string> Cells(QuarantinedRecord record) =>
        [
            record.Number.ToString(CultureInfo.InvariantCulture), Words.Spoken(record.Place), record.Field, Words.Time(record.PutAsideAt),
            record.Bytes.Length.ToString(CultureInfo.InvariantCulture), record.Reason,
        ];

        protected override ReadOnlyMemory<byte> Payload(QuarantinedRecord record) => record.Bytes;
    }

    private sealed class QuarantineJson(OpenLedger open, bool withPayload) : JsonListing<QuarantinedRecord>(open.Host, "quarantine")
    {
        protected override void Write(JsonOutput json, QuarantinedRecord record)
        {
            json.Writer.WriteNumber("number", record.Number);
            json.Writer.WriteString("place", Words.Name(record.Place));
            json.Writer.WriteString("field", record.Field);
            json.Writer.WriteString("reason", record.Reason);
            json.Time("putAsideAt", record.PutAsideAt);
            json.Writer.WriteNumber("bytes", record.Bytes.Length);
            if (withPayload) json.Writer.WriteBase64String("payload", record.Bytes.Span);
        }
    }
}
