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

    [Fact]
    public void A_handler_that_outlives_its_connection_is_not_run_twice_and_answers_on_the_next()
    {
        List<ushort> answered = [];
        _ids.OnPublish(7);
        var held = _ids.BeginHandling(7)!;
        _ids.OnConnected(2, sessionPresent: true, answered.Add);
        Assert.Equal(IncomingVerdict.Swallow, _ids.OnPublish(7));

        _ids.EndHandling(held, done: true);

        Assert.Equal([(ushort)7], answered);
        Assert.Equal(IncomingVerdict.AnswerPubRec, _ids.OnPublish(7));
    }

    [Fact]
    public void A_message_that_was_dropped_with_its_connection_is_not_handled_by_the_old_one()
    {
        _ids.OnPublish(7);
        _ids.OnConnected(2, sessionPresent: true);

        Assert.Null(_ids.BeginHandling(7));
    }

    [Fact]
    public void A_failed_handler_gets_the_message_again_on_the_next_connection()
    {
        _ids.OnPublish(7);
        _ids.EndHandling(_ids.BeginHandling(7)!, done: false);
        _ids.OnConnected(2, sessionPresent: true);

        Assert.Equal(IncomingVerdict.Deliver, _ids.OnPublish(7));
        Assert.NotNull(_ids.BeginHandling(7));
    }
}
