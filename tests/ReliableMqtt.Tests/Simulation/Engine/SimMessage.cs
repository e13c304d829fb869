using ReliableMqtt.Dispatch;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>A message that was published in a run, and what became of it as far as the outside can see.</summary>
internal sealed class SimMessage(SimPublish plan, LedgerRecord record, PublishTicket ticket, SimProcess process)
{
    public string Topic => record.Topic;

    public LedgerRecord Record => record;

    public PublishTicket Ticket => ticket;

    public SimProcess Process => process;

    public bool IsPoison => plan.IsPoison;

    public bool IsExactlyOnce => record.QualityOfService == MQTTnet.Protocol.MqttQualityOfServiceLevel.ExactlyOnce;

    /// <summary>A PUBLISH of it has left.</summary>
    public bool HasLeft { get; set; }

    public int Deliveries { get; set; }

    /// <summary>How often it was in flight when a connection began: each explains one duplicate at QoS 1.</summary>
    public int Faults { get; set; }

    /// <summary>How often it was in flight when the broker began a new session: each explains one duplicate at QoS 2.</summary>
    public int SessionLosses { get; set; }

    /// <summary>How often a connection was ended by the peer while it was in flight.</summary>
    public int PeerEnds { get; set; }

    public int Refusals { get; set; }

    public bool IsAccepted => ticket.Answer is { Status: Ledger.AcceptStatus.Accepted };
}
