using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Oracle;

namespace ReliableMqtt.IntegrationTests.Publishing;

// The wire of each test is held to the rules.
internal sealed partial class Rig
{
    private const int Mqtt311 = 4;

    private readonly List<ReliablePublisher> _publishers = [];
    private readonly HashSet<int> _broken = [];
    private int _window;
    private int _windowMqtt311;

    // What the publisher of the moment says, of everything that was ever sent here, and not only of a part that others know.
    private bool IsFinished => _publishers.Count > 0 && _publishers[^1].Status is { IsOwner: true, Pending: 0, Connection: not ConnectionState.Stopped }
        && _publishers.Sum(publisher => publisher.Status.DeadLettered) == 0;

    /// <summary>Says that this test breaks these rows of docs/conformance.md on purpose, and why.</summary>
    public void Breaks(string why, params ReadOnlySpan<int> rows)
    {
        ArgumentException.ThrowIfNullOrEmpty(why);
        foreach (var row in rows) _broken.Add(row);
    }

    private void Started(ReliablePublisher publisher, ReliablePublisherOptions options)
    {
        _publishers.Add(publisher);
        _window = Math.Max(_window, options.MaxInFlight);
        _windowMqtt311 = Math.Max(_windowMqtt311, Math.Min(options.MaxInFlight, options.MaxInFlightMqtt311));
    }

    // On MQTT 3.1.1 no broker states a window, so the publisher's own is the one to keep.
    private void Audit(bool finished)
    {
        var window = Tap.Of(MqttControlPacketType.Connect, Direction.ToBroker).Any(packet => packet.ProtocolVersion == Mqtt311) ? _windowMqtt311 : _window;
        // Where only other processes have published, nobody here knows theirs.
        WireAudit.Check(Tap, window == 0 ? ushort.MaxValue : window, _broken, finished);
    }
}
