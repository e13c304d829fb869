using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What holds where nobody has said anything else.</summary>
public class DefaultsTests
{
    [Fact]
    public void A_session_of_the_tests_is_set_as_that_of_a_publisher()
    {
        var (session, publisher) = (new SessionSettings(), new ReliablePublisherOptions { PublisherId = "p", Ledger = new InMemoryAckLedger() });
        Assert.Equal(
            (publisher.MaxInFlight, publisher.AckTimeout, publisher.MaxAttempts, publisher.PoisonQuiet),
            (session.MaxInFlight, session.AckTimeout, session.MaxAttempts, session.Quiet));
    }

    [Fact]
    [Conformance(23, 27)]
    public void A_connack_without_properties_limits_nothing()
    {
        var connection = new ConnectionInfo(1, SessionPresent: true);
        Assert.Equal((65_535, MqttQualityOfServiceLevel.ExactlyOnce, true), (connection.ReceiveMaximum, connection.MaximumQoS, connection.RetainAvailable));
        Assert.Equal(268_435_460u, connection.MaximumPacketSize);
    }
}
