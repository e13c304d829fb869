using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>Proves that a ticket keeps the answer that it was given, also where the message itself says something else.</summary>
public class PublishTicketTests
{
    private static LedgerRecord Message => new() { Topic = "t", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };

    [Fact]
    public void There_is_no_answer_before_the_ledger_has_given_one() => Assert.Null(new PublishTicket(wantsConfirm: true) { Record = Message }.Answer);

    [Fact]
    public void A_message_that_was_accepted_as_it_was_stamped_has_that_answer()
    {
        var message = Message.Stamp(7, 11);
        var ticket = new PublishTicket(wantsConfirm: true) { Record = message };
        ticket.Accept(new AcceptAnswer(AcceptStatus.Accepted, message.MessageId, 11));
        Assert.Equal(new AcceptAnswer(AcceptStatus.Accepted, MessageId.ForSequence(7, 11), 11), ticket.Answer);
        Assert.False(ticket.Done.IsCompleted);
    }

    [Fact]
    public void A_message_that_was_accepted_behind_those_of_others_has_the_answer_of_the_ledger()
    {
        var ticket = new PublishTicket(wantsConfirm: true) { Record = Message.Stamp(7, 11) };
        var moved = new AcceptAnswer(AcceptStatus.Accepted, MessageId.ForSequence(7, 12), 12);
        ticket.Accept(moved);
        Assert.Equal(moved, ticket.Answer);
    }

    [Fact]
    public void A_message_of_another_life_of_the_ledger_has_the_answer_of_the_ledger()
    {
        var ticket = new PublishTicket(wantsConfirm: true) { Record = Message.Stamp(7, 11) };
        var other = new AcceptAnswer(AcceptStatus.Accepted, MessageId.ForSequence(8, 11), 11);
        ticket.Accept(other);
        Assert.Equal(other, ticket.Answer);
    }

    [Fact]
    public void A_known_message_and_a_full_ledger_end_the_wait_with_that_answer()
    {
        foreach (var status in new[] { AcceptStatus.Known, AcceptStatus.Full })
        {
            var message = (Message with { MessageId = "order-1" }).Stamp(7, 11);
            var ticket = new PublishTicket(wantsConfirm: true) { Record = message };
            var answer = new AcceptAnswer(status, message.MessageId, 11, new StatusAnswer(message.MessageId, LedgerStatus.Pending, 3, null, null));
            ticket.Accept(answer);
            Assert.Equal(answer, ticket.Answer);
            Assert.True(ticket.Done.IsCompletedSuccessfully);
        }
    }

    [Fact]
    public void A_ticket_without_its_message_keeps_the_answer_too()
    {
        var ticket = new PublishTicket(wantsConfirm: false);
        var answer = new AcceptAnswer(AcceptStatus.Accepted, MessageId.ForSequence(7, 11), 11);
        ticket.Accept(answer);
        Assert.Equal(answer, ticket.Answer);
    }
}
