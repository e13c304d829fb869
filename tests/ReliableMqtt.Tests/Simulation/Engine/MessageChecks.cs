using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>All messages of a run, and the promises that are made about them.</summary>
internal sealed class MessageChecks(SimWorld world)
{
    private readonly Dictionary<string, SimMessage> _byTopic = [];
    private readonly Dictionary<string, string> _deliveredIds = [];
    private readonly HashSet<int> _limits = [];

    public ICollection<SimMessage> All => _byTopic.Values;

    public SimMessage? Find(string topic) => _byTopic.GetValueOrDefault(topic);

    public void Add(SimMessage message) => _byTopic.Add(message.Topic, message);

    /// <summary>A new connection: what is in flight now may come again on it at QoS 1.</summary>
    public void OnConnected()
    {
        foreach (var message in InFlight()) message.Faults++;
    }

    /// <summary>The peer has ended a connection: what is in flight may be to blame.</summary>
    public void OnPeerEnd()
    {
        foreach (var message in InFlight()) message.PeerEnds++;
    }

    public void OnSessionLost()
    {
        foreach (var message in InFlight()) message.SessionLosses++;
    }

    /// <summary>The broker has said that it does not take everything.</summary>
    public void OnLimit(int limit) => _limits.Add(limit);

    private IEnumerable<SimMessage> InFlight()
    {
        world.Store.NameAll();
        foreach (var (_, entry) in world.Store.Durable.All)
            if (entry.Stage != InflightStage.Parked && world.Store.Durable.TopicOf(entry.Sequence) is { } topic && Find(topic) is { } message) yield return message;
    }

    public void OnDelivered(SimMessage message)
    {
        message.Deliveries++;
        world.Trace.Note(world, "delivered", message.Topic, message.Deliveries);
        if (message.Ticket.IsWithdrawn) Violate(message, "it was taken back, and is delivered");
        var excuses = message.IsExactlyOnce ? message.SessionLosses : message.Faults;
        if (message.Deliveries > 1 + excuses) Violate(message, $"delivered {message.Deliveries} times, which {excuses} faults with it in flight do not explain");
        if (message.IsExactlyOnce && message.Deliveries > 1 && world.Plan.SessionLossPolicy == SessionLossPolicy.DeadLetter)
            Violate(message, $"delivered {message.Deliveries} times, although the policy is to rather give it up");
        if (message.Record.HasApplicationId && !_deliveredIds.TryAdd(message.Record.MessageId.Value, message.Topic) && _deliveredIds[message.Record.MessageId.Value] != message.Topic)
            Violate(message, $"delivered, as was {_deliveredIds[message.Record.MessageId.Value]} with the same id");
    }

    /// <summary>Somebody has his answer.</summary>
    public void OnAnswered(SimMessage message)
    {
        if (message.Ticket.Done is { IsCompletedSuccessfully: true } done) OnReceipt(message, done.Result);
    }

    /// <summary>Somebody is told the end of a message; null sends him to the ledger.</summary>
    public void OnReceipt(SimMessage message, PublishReceipt? receipt)
    {
        if (receipt is null) return;
        world.Trace.Note(world, "receipt", message.Topic, (long)receipt.Outcome);
        // Under one id the ledger has one message: who lost his accept with the store, and was not the first to be there again, is told of the other.
        if (receipt.Outcome == PublishOutcome.Confirmed && message.Deliveries == 0 && !_deliveredIds.ContainsKey(message.Record.MessageId.Value)) Violate(message, "confirmed, and not delivered");
        if (receipt.Outcome == PublishOutcome.Unknown) Violate(message, "its receipt says that nothing is known");
    }

    /// <summary>At the end of a run: what the ledger says of each accepted message, and whether that may be.</summary>
    public void CheckEnd(AckLedger ledger)
    {
        var accepted = All.Where(message => message.IsAccepted).ToList();
        var answers = Wait(ledger.FindAsync([.. accepted.Select(message => message.Ticket.Answer!.Value.MessageId)], default));
        for (var i = 0; i < accepted.Count; i++) CheckEnd(accepted[i], answers[i], ledger);
        foreach (var message in All)
        {
            if (message.Process.IsDead || message.Ticket.Done.IsCompleted) continue;
            Violate(message, "whoever waits for it has no answer");
        }
    }

    private void CheckEnd(SimMessage message, StatusAnswer answer, AckLedger ledger)
    {
        switch (answer.Status)
        {
            case LedgerStatus.Confirmed:
                if (message.Deliveries == 0 && !_deliveredIds.ContainsKey(message.Record.MessageId.Value)) Violate(message, "the ledger says confirmed, and it was not delivered");
                break;
            case LedgerStatus.Expired:
                if (message.Record.ExpiresAt is null || message.Deliveries > 0) Violate(message, "the ledger says expired");
                break;
            case LedgerStatus.DeadLettered:
                var letter = Wait(ledger.FindDeadLetterAsync(message.Ticket.Answer!.Value.MessageId, default));
                if (letter is null || !IsExplained(message, letter.Reason)) Violate(message, $"given up without a reason that would be one: {letter?.Reason}");
                break;
            default:
                Violate(message, $"it was accepted, and the ledger says {answer.Status}");
                break;
        }
    }

    private bool IsExplained(SimMessage message, DeadLetterReason reason) => reason.Cause switch
    {
        DeadLetterCause.Rejected => message.Refusals > 0,
        DeadLetterCause.SessionLost => message.SessionLosses > 0 && world.Plan.SessionLossPolicy == SessionLossPolicy.DeadLetter,
        DeadLetterCause.BrokerLimit => (message.IsExactlyOnce && _limits.Contains(0)) || (message.Record.Retain && _limits.Contains(1)),
        // Three to suspect it, and three with it alone: docs/limits.md says that a wrong verdict is possible, but not with less.
        DeadLetterCause.Poison => message.IsPoison || message.PeerEnds >= 6,
        _ => false,
    };

    private static void Violate(SimMessage message, string what) => throw new ViolationException($"{message.Topic} (QoS {(int)message.Record.QualityOfService}): {what}");

    private static T Wait<T>(ValueTask<T> answer) => answer.IsCompleted ? answer.Result : throw new ViolationException("the ledger in memory did not answer at once");
}
