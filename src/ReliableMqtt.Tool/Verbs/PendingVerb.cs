using System.CommandLine;
using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>pending</c>: what is in flight and in the backlog, in the order of the sequences.</summary>
internal static class PendingVerb
{
    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(host, "pending", "Lists what is accepted and not finished: in flight with packet id and stage, then the backlog.");
        var limit = verb.Add(CommonOptions.Limit());
        var after = verb.Add(CommonOptions.After("this sequence"));
        var payload = verb.Add(CommonOptions.Payload());
        verb.Run(async (parsed, open, stop) =>
        {
            IListing<PendingEntry> listing = open.Json ? new PendingJson(open, parsed.GetValue(payload)) : new PendingTable(open, parsed.GetValue(payload));
            using (listing)
            {
                long? next = parsed.GetValue(after);
                for (var left = parsed.GetValue(limit); left > 0 && next is { } from;)
                {
                    var page = await open.Ledger.ListPendingAsync(from, left, stop);
                    foreach (var entry in page.Items) listing.Add(entry);
                    listing.EndPage();
                    (left, next) = (left - page.Items.Count, page.NextAfter);
                }

                listing.Complete(next?.ToString(CultureInfo.InvariantCulture));
            }

            return ExitCode.Success;
        });
        return verb.Command;
    }

    private sealed class PendingTable(OpenLedger open, bool withPayload) : TableListing<PendingEntry>(open.Host, "Nothing is pending.", withPayload,
        "#Sequence", "#Packet id", "Stage", "#Attempts", "Message id", "Topic", "QoS", "#Bytes", "Accepted", "Expires")
    {
        protected override IEnumerable<string> Cells(PendingEntry entry)
        {
            var packetId = entry.PacketId?.ToString() ?? "";
            if (entry.Record is not { } record) return ["", packetId, $"unreadable: the record {entry.Problem}", "", "", "", "", "", "", ""];
            return
            [
                record.Sequence.ToString(CultureInfo.InvariantCulture), packetId, Stage(entry), entry.Attempts.ToString(CultureInfo.InvariantCulture),
                record.MessageId.Value, record.Topic, ((int)record.QualityOfService).ToString(CultureInfo.InvariantCulture),
                record.Payload.Length.ToString(CultureInfo.InvariantCulture), Words.Time(record.AcceptedAt), Words.Time(record.ExpiresAt),
            ];
        }

        protected override ReadOnlyMemory<byte> Payload(PendingEntry entry) => entry.Record?.Payload ?? default;

        private static string Stage(PendingEntry entry) => entry.State switch
        {
            { Stage: InflightStage.Parked, DueAt: { } due } => $"parked until {Words.Time(due)}",
            { } state => Words.Spoken(state.Stage),
            _ => "backlog",
        };
    }

    private sealed class PendingJson(OpenLedger open, bool withPayload) : JsonListing<PendingEntry>(open.Host, "pending")
    {
        protected override void Write(JsonOutput json, PendingEntry entry)
        {
            json.Number("packetId", entry.PacketId?.Value);
            json.Writer.WriteString("stage", entry.State is { } state ? Words.Name(state.Stage) : entry.PacketId is null ? "backlog" : null);
            json.Writer.WriteNumber("attempts", entry.Attempts);
            json.Time("dueAt", entry.State?.DueAt);
            json.Writer.WriteString("problem", entry.Problem);
            if (entry.Record is { } record) json.Message(record, withPayload);
        }
    }
}
