using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What outlives a connection and a process, and what does not.</summary>
public class ResumeTests
{
    private static readonly SessionSettings Settings = new() { RetryDelay = _ => TimeSpan.FromSeconds(1), AckTimeout = TimeSpan.FromSeconds(3) };

    private readonly SessionHarness _session = new(Settings);

    [Fact]
    public void A_second_connection_without_the_end_of_the_first_resends_all()
    {
        Send("a", "b");
        _session.Connect();
        Assert.Equal(["PUBLISH a DUP", "PUBLISH b DUP"], _session.TakeSentTexts());
        Assert.Equal(2, _session.Session.Resumed);
    }

    [Fact]
    public void Packets_that_nobody_has_fetched_go_with_their_connection()
    {
        Send("a");
        _session.Cut();
        _session.Session.OnConnected(new ConnectionInfo(7, SessionPresent: true), _session.Now);
        Assert.Single(_session.Session.Outputs.Sends);
        _session.Session.OnConnectionLost(7, new ConnectionLoss(LossCause.Link), _session.Now);
        Assert.Empty(_session.Session.Outputs.Sends);
    }

    [Fact]
    public void Pubrels_count_as_resumed_too()
    {
        var ids = Send("a", "b");
        _session.Ack(AckKind.PubRec, ids[0]);
        _session.Cut();
        _session.Connect();
        Assert.Equal(2, _session.Session.Resumed);
    }

    [Fact]
    public void Packet_ids_in_use_on_several_connections_do_not_add_up()
    {
        Send("a");
        for (var connection = 0; connection < 4; connection++)
        {
            _session.Sent.Clear();
            var id = _session.Recovered().InFlight[0].PacketId;
            _session.Session.OnAck(_session.Connection, new Ack(AckKind.PubRec, id, 0x91), _session.Now);
            _session.Cut();
            _session.Connect(sessionPresent: false);
        }

        Assert.Null(_session.Recycle);
        Assert.Equal(BrokerSession.Established, _session.Recovered().Session);
    }

    [Fact]
    public void Nothing_more_leaves_on_a_connection_that_is_to_end()
    {
        var ids = Send("a", "b");
        _session.Cut();
        _session.Connect(receiveMaximum: 1);
        Assert.Equal(["PUBLISH a DUP"], _session.TakeSentTexts());
        _session.Advance(Settings.AckTimeout);
        Assert.Equal(RecycleReason.AckOverdue, _session.Recycle);
        _session.Ack(AckKind.PubRec, ids[0], 0x87);
        Assert.Empty(_session.TakeSent());
    }

    [Fact]
    public void A_refusal_makes_room_for_the_next_resend()
    {
        var ids = Send("a", "b");
        _session.Cut();
        _session.Connect(receiveMaximum: 1);
        _session.TakeSent();
        _session.Ack(AckKind.PubRec, ids[0], 0x80);
        Assert.Equal(["PUBLISH b DUP"], _session.TakeSentTexts());
    }

    [Fact]
    public void A_repeated_pubrec_does_not_undo_what_is_being_stored()
    {
        var ids = Send("a");
        _session.Ack(AckKind.PubRec, ids[0], turn: false);
        var commit = _session.Session.BuildCommit(_session.Now)!;
        _session.Ack(AckKind.PubRec, ids[0], turn: false);
        _session.Commit(commit);
        Assert.Equal(["PUBREL"], _session.TakeSentTexts());
    }

    [Fact]
    public void A_refusal_after_the_broker_had_accepted_is_a_stray()
    {
        var ids = Send("a");
        _session.Ack(AckKind.PubRec, ids[0]);
        _session.Ack(AckKind.PubRec, ids[0], 0x87);
        Assert.Equal((HandshakeStage.Released, HandshakeError.AlreadyAccepted), Assert.Single(_session.Strays) is var stray ? (stray.Stage!.Value, stray.Error) : default);
    }

    [Fact]
    public void A_message_that_is_refused_for_good_in_the_end_holds_nobody_back()
    {
        var session = new SessionHarness(Settings with { MaxAttempts = 2 });
        session.Connect(sessionPresent: false);
        session.Enqueue("refused", qos: 1);
        session.Turn();
        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, 0x80);
        session.Enqueue("next", qos: 1);
        session.Advance(TimeSpan.FromSeconds(1));
        session.Ack(AckKind.PubAck, Assert.Single(session.TakeSent()).PacketId, 0x80);
        Assert.Equal(["PUBLISH next"], session.TakeSentTexts());
    }

    [Fact]
    public void The_smallest_window_after_a_pause_is_one()
    {
        var session = new SessionHarness(Settings with { MaxInFlight = 2, Ordering = PublishOrdering.None });
        session.Connect(sessionPresent: false);
        for (var i = 0; i < 3; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        foreach (var packet in session.TakeSent()) session.Ack(AckKind.PubAck, packet.PacketId, 0x97);
        session.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH t0"], session.TakeSentTexts());
    }

    [Fact]
    public void An_ack_that_is_overdue_again_and_again_makes_nobody_suspect()
    {
        Send("slow");
        for (var i = 0; i < 5; i++)
        {
            _session.Advance(Settings.AckTimeout);
            _session.Cut();
            _session.Connect();
        }

        Assert.Empty(_session.Suspects);
    }

    [Fact]
    public void The_next_process_keeps_the_window_the_numbers_and_the_place_of_each_message()
    {
        Send("a", "b");
        _session.Crash();
        _session.Enqueue("c");
        _session.Connect(receiveMaximum: 2);
        Assert.Equal(2, _session.Recovered().InFlight.Count);
        Assert.Equal(Whereabouts.Pending, _session.Session.Locate(1, _session.Recovered().InFlight.Single(entry => entry.Record.Sequence == 1).Record.MessageId));
        Assert.Equal(1, _session.Session.LowestUnfinished);
        var last = _session.Recovered().LastOperation;
        _session.Enqueue("d");
        Assert.Equal(last + 1, _session.Session.BuildCommit(_session.Now)!.Operation);
    }

    [Fact]
    public void The_next_process_knows_what_is_in_flight_when_the_ledger_loses_it()
    {
        Send("a", "b");
        _session.Crash();
        _session.Session.OnRolledBack();
        _session.Drain();
        Assert.Contains(_session.Restore!.Known, range => range.Contains(1) && range.Contains(2));
        Assert.Null(_session.Session.Outputs.Restore); // It is asked for once.
    }

    [Fact]
    public void The_next_process_sends_pubrels_in_the_order_of_all_pubrecs()
    {
        var ids = Send("a", "b", "c");
        _session.Ack(AckKind.PubRec, ids[2]);
        _session.Ack(AckKind.PubRec, ids[1]);
        _session.Crash();
        _session.Connect();
        _session.Ack(AckKind.PubRec, ids[0]);
        _session.Cut();
        _session.TakeSent();
        _session.Connect();
        Assert.Equal([ids[2], ids[1], ids[0]], _session.TakeSent().Select(packet => packet.PacketId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_refused_message_holds_back_the_others_in_the_next_process_too(bool sentAnew)
    {
        var ids = Send("refused");
        _session.Ack(AckKind.PubRec, ids[0], 0x80);
        if (sentAnew) _session.Advance(TimeSpan.FromSeconds(1));
        _session.Crash();
        _session.Connect();
        _session.TakeSent();
        _session.Enqueue("next");
        _session.Turn();
        Assert.Empty(_session.TakeSent());
    }

    [Fact]
    public void What_was_never_refused_holds_nobody_back_in_the_next_process()
    {
        Send("a");
        _session.Crash();
        _session.Connect();
        _session.Enqueue("next");
        _session.Turn();
        Assert.Equal(["PUBLISH a DUP", "PUBLISH next"], _session.TakeSentTexts());
    }

    [Fact]
    public void What_the_next_process_sends_anew_goes_behind_what_was_in_flight()
    {
        var ids = Send("a", "b");
        _session.Ack(AckKind.PubRec, ids[0], 0x80);
        _session.Crash();
        _session.Connect();
        _session.Advance(TimeSpan.FromSeconds(1));
        _session.Cut();
        _session.TakeSent();
        _session.Connect();
        Assert.Equal(["PUBLISH b DUP", "PUBLISH a DUP"], _session.TakeSentTexts());
    }

    [Fact]
    public void An_idle_session_that_the_broker_has_needs_no_clean_start()
    {
        _session.Connect(sessionPresent: false);
        _session.Turn();
        Assert.False(_session.Session.NeedsCleanStart);
    }

    private ReliableMqtt.Messages.PacketId[] Send(params string[] topics)
    {
        _session.Connect(sessionPresent: false);
        foreach (var topic in topics) _session.Enqueue(topic);
        _session.Turn();
        return [.. _session.TakeSent().Select(packet => packet.PacketId)];
    }
}
