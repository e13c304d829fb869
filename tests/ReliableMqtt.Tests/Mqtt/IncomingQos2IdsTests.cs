using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

// MQTT 5 §4.3.3: an id is held until PUBREL, and what comes under it meanwhile is the same message.
public sealed class IncomingQos2IdsTests
{
    private readonly IncomingQos2Ids _ids = new();

    public IncomingQos2IdsTests() => _ids.OnConnected(1, sessionPresent: false);

    [Fact]
    public void A_repeat_is_swallowed_until_pubrec_and_answered_after_it()
    {
        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(7));
        Assert.Equal(IncomingVerdict.Swallow, _ids.OnPublish(7));
        _ids.OnPubRecSent(1, 7, 0);
        Assert.Equal(IncomingVerdict.AnswerPubRec, _ids.OnPublish(7));
        _ids.OnPubRel(7);
        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(7));
    }

    [Fact]
    public void A_refusing_pubrec_frees_the_id()
    {
        _ids.OnPublish(7);
        _ids.OnPubRecSent(1, 7, 0x83);
        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(7));
    }

    [Fact]
    public void A_kept_session_keeps_what_was_acknowledged_and_delivers_the_rest_again()
    {
        _ids.OnPublish(7);
        _ids.OnPubRecSent(1, 7, 0);
        _ids.OnPublish(8);
        _ids.OnConnected(2, sessionPresent: true);
        Assert.Equal(IncomingVerdict.AnswerPubRec, _ids.OnPublish(7));
        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(8));
    }

    [Fact]
    public void A_lost_session_forgets_all()
    {
        _ids.OnPublish(7);
        _ids.OnPubRecSent(1, 7, 0);
        _ids.OnConnected(2, sessionPresent: false);
        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(7));
    }

    [Fact]
    public void A_handler_of_an_earlier_connection_says_nothing_about_the_id()
    {
        _ids.OnPublish(7);
        _ids.OnConnected(2, sessionPresent: false);
        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(7));
        _ids.OnPubRecSent(1, 7, 0);
        Assert.Equal(IncomingVerdict.Swallow, _ids.OnPublish(7));
    }
}
