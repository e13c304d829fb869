using System.CommandLine;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>receipt</c>: is message X through?</summary>
internal static class ReceiptVerb
{
    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(host, "receipt", "Is message X through? What is true of messages now, by their ids; ends with 1 when nothing is known of one of them.");
        var ids = verb.AddMessageIds(ArgumentArity.OneOrMore);
        verb.Run(async (parsed, open, stop) =>
        {
            var answers = await open.Ledger.FindAsync(parsed.GetRequiredValue(ids), stop);
            if (open.Json) WriteJson(open, answers);
            else WriteTable(open, answers);
            return answers.Any(answer => answer.Status == LedgerStatus.Unknown) ? ExitCode.NotFound : ExitCode.Success;
        });
        return verb.Command;
    }

    private static void WriteTable(OpenLedger open, IReadOnlyList<StatusAnswer> answers)
    {
        var table = new TextTable("Message id", "Outcome", "Code", "Finished", "Which means");
        foreach (var answer in answers)
            table.Add(answer.MessageId.Value, Words.Spoken(answer.Outcome), Words.ReasonCode(answer.ReasonCode), Words.Time(answer.FinishedAt), Meaning(answer));
        table.Write(open.Host);
    }

    private static void WriteJson(OpenLedger open, IReadOnlyList<StatusAnswer> answers)
    {
        using var json = new JsonOutput(open.Host.Out);
        json.Writer.WriteStartArray("receipts");
        foreach (var answer in answers)
        {
            json.Writer.WriteStartObject();
            json.Writer.WriteString("messageId", answer.MessageId.Value);
            json.Writer.WriteString("outcome", Words.Name(answer.Outcome));
            json.Number("sequence", answer.Sequence > 0 ? answer.Sequence : null);
            json.Number("reasonCode", answer.ReasonCode);
            json.Time("finishedAt", answer.FinishedAt);
            json.Writer.WriteEndObject();
        }

        json.Writer.WriteEndArray();
        json.Complete();
    }

    private static string Meaning(StatusAnswer answer) => answer.Outcome switch
    {
        PublishOutcome.Pending => "it is in the ledger and will be delivered; do not publish it again",
        PublishOutcome.Confirmed when answer.ReasonCode == 0x10 => "the broker has it, and nobody subscribes to its topic",
        PublishOutcome.Confirmed => "the broker has it",
        PublishOutcome.Rejected => "the broker refused it; it is among the dead letters",
        PublishOutcome.DeadLettered => "it was given up without a refusal; it is among the dead letters",
        PublishOutcome.Expired => "its time was over before it was sent",
        PublishOutcome.Purged => "it was a dead letter and was thrown away",
        _ => "never accepted, or finished too long ago, or in quarantine, or lost with the store",
    };
}
