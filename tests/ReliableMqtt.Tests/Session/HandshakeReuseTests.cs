using System.Reflection;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>A handshake that is over serves another message, but none that somebody may still hold, and it brings nothing along.</summary>
public class HandshakeReuseTests
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;

    private static SessionSettings Reusing => new() { Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_handshake_that_is_over_serves_another_message(int qos)
    {
        var h = Connected();
        var first = Send(h, qos, "a");
        Confirm(h, first);
        // It is let go when the next commit looks for the head, and serves the one after that.
        var second = Send(h, qos, "b");
        Assert.NotSame(first.Handshake, second.Handshake);
        Confirm(h, second);
        Assert.Same(first.Handshake, Send(h, qos, "c").Handshake);
    }

    [Fact]
    public void A_message_under_a_used_handshake_starts_from_nothing()
    {
        var h = Connected();
        var first = Send(h, 2, "a");
        Confirm(h, first);
        Confirm(h, Send(h, 2, "b"));
        h.Session.Enqueue(Record("c", qos: 2), null);
        var commit = h.Session.BuildCommit(h.Now)!;
        var again = Assert.Single(SessionInsides.InFlight(h.Session));
        Assert.Same(first.Handshake, again);
        var append = Assert.Single(commit.Appends);
        Assert.Equal(Life(new Handshake(append.Record, append.PacketId!.Value, new SendOrder(3)) { StoredBy = commit.Operation }), Life(again));
    }

    [Fact]
    public void Nothing_of_a_handshake_is_left_when_it_begins_again()
    {
        var record = Record("old", qos: 2);
        var used = new Handshake(record, new PacketId(7), new SendOrder(9));
        // Every property that can be set, to something that a new one does not have.
        foreach (var property in typeof(Handshake).GetProperties().Where(property => property.CanWrite)) property.SetValue(used, Another(property.PropertyType));
        var next = Record("new", qos: 1) with { Refusals = 3 };
        var fresh = new Handshake(next, new PacketId(8), new SendOrder(10));
        Assert.All(typeof(Handshake).GetProperties().Where(property => property.CanWrite), property => Assert.NotEqual(property.GetValue(fresh), property.GetValue(used)));

        used.End();
        used.Begin(next, new PacketId(8), new SendOrder(10));
        Assert.Equal(Life(fresh), Life(used));
        Assert.All(typeof(Handshake).GetProperties(), property => Assert.Equal(property.GetValue(fresh), property.GetValue(used)));
    }

    [Fact]
    public void A_handshake_that_has_ended_keeps_nothing_of_its_message()
    {
        var used = new Handshake(Record("old", qos: 2), new PacketId(7), new SendOrder(9)) { AckText = "text", EverSent = true };
        used.End();
        Assert.All(Life(used), value => Assert.True(value.Value is null || value.Value.Equals(Activator.CreateInstance(value.Value.GetType())), $"{value.Key} is {value.Value}"));
    }

    [Fact]
    public void All_that_a_handshake_knows_is_in_the_piece_that_is_begun_anew() =>
        Assert.Equal(["_isPoisoned", "_life"], typeof(Handshake).GetFields(Hidden).Select(field => field.Name).Order());

    [Fact]
    public void Whoever_uses_a_poisoned_handshake_is_told()
    {
        var poisoned = new Handshake(Record("old", qos: 2), new PacketId(7), new SendOrder(9));
        poisoned.Poison();
        foreach (var property in typeof(Handshake).GetProperties()) IsTold(() => property.GetValue(poisoned));
        foreach (var property in typeof(Handshake).GetProperties().Where(property => property.CanWrite)) IsTold(() => property.SetValue(poisoned, Another(property.PropertyType)));
        Assert.Throws<InvalidOperationException>(() => poisoned.ToEntry());
        Assert.Throws<InvalidOperationException>(() => poisoned.IsFinishedBy(1));
        Assert.Throws<InvalidOperationException>(() => poisoned.Begin(Record("new", qos: 1), new PacketId(8), new SendOrder(10)));

        static void IsTold(Action use) => Assert.IsType<InvalidOperationException>(Assert.Throws<TargetInvocationException>(use).InnerException);
    }

    [Fact]
    public void A_poisoned_handshake_serves_nobody()
    {
        var h = new SessionHarness(Reusing with { PoisonsHandshakes = true });
        h.Connect(sessionPresent: false);
        var first = Send(h, 1, "a");
        Confirm(h, first);
        Confirm(h, Send(h, 1, "b"));
        Assert.NotSame(first.Handshake, Send(h, 1, "c").Handshake);
        Assert.Throws<InvalidOperationException>(() => first.Handshake.Stage);
    }

    /// <summary>The places that the proof speaks of, in <c>PublishSession.Reuse.cs</c>: whoever adds one has to say there why nothing that is over is in it.</summary>
    [Fact]
    public void The_proof_speaks_of_every_place_that_holds_handshakes()
    {
        Assert.Equal(
            ["_bySequence", "_givenUp", "_inflight", "_over", "_parked", "_released", "_resend", "_toStore"],
            typeof(PublishSession).GetFields(Hidden | BindingFlags.Public).Where(field => Holds(field.FieldType)).Select(field => field.Name).Order());
        Assert.Equal(
            ["Assigns", "Direct", "Stored"],
            typeof(Commit).GetProperties().Where(property => Holds(property.PropertyType)).Select(property => property.Name).Order());
        Assert.DoesNotContain(typeof(SessionOutputs).GetProperties(), property => Holds(property.PropertyType));

        static bool Holds(Type type) => type == typeof(Handshake) || (type.HasElementType && Holds(type.GetElementType()!)) || type.GetGenericArguments().Any(Holds);
    }

    private static SessionHarness Connected()
    {
        var h = new SessionHarness(Reusing);
        Assert.SkipWhen(h.Settings.PoisonsHandshakes, "none serves another message in this run");
        h.Connect(sessionPresent: false);
        return h;
    }

    private static (Handshake Handshake, PacketId Id, int Qos) Send(SessionHarness h, int qos, string topic)
    {
        h.TakeSent();
        h.Enqueue(topic, qos);
        h.Turn();
        var id = Assert.Single(h.TakeSent()).PacketId;
        return (SessionInsides.InFlight(h.Session).Single(handshake => handshake.PacketId == id), id, qos);
    }

    private static void Confirm(SessionHarness h, (Handshake Handshake, PacketId Id, int Qos) sent)
    {
        if (sent.Qos == 2) h.Ack(AckKind.PubRec, sent.Id);
        h.Ack(sent.Qos == 2 ? AckKind.PubComp : AckKind.PubAck, sent.Id);
    }

    private static LedgerRecord Record(string topic, int qos) => new() { Topic = topic, QualityOfService = (MQTTnet.Protocol.MqttQualityOfServiceLevel)qos };

    /// <summary>Every field of the piece that a handshake consists of.</summary>
    private static Dictionary<string, object?> Life(Handshake handshake)
    {
        var life = typeof(Handshake).GetField("_life", Hidden)!.GetValue(handshake)!;
        return life.GetType().GetFields().ToDictionary(field => field.Name, field => field.GetValue(life));
    }

    private static object Another(Type type) => type switch
    {
        _ when type == typeof(int) => 77,
        _ when type == typeof(long) => 78L,
        _ when type == typeof(byte) => (byte)79,
        _ when type == typeof(bool) => true,
        _ when type == typeof(string) => "text",
        _ when type == typeof(PacketId) => new PacketId(80),
        _ when type == typeof(SendOrder) => new SendOrder(81),
        _ when type == typeof(DateTimeOffset) || type == typeof(DateTimeOffset?) => DateTimeOffset.UnixEpoch.AddDays(1),
        _ when type == typeof(HandshakeStage) => HandshakeStage.Parked,
        _ when type == typeof(InflightStage?) => InflightStage.Parked,
        _ when type == typeof(LedgerRecord) => Record("other", qos: 2),
        _ when type == typeof(DeadLetterReason) => new DeadLetterReason(DeadLetterCause.Poison, null, "text"),
        _ => throw new NotSupportedException($"Say here what another {type} is."),
    };
}
