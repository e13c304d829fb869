namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>For each row that the audit checks, wires that break it and nothing else, and wires that come close and keep it.</summary>
internal static class WireScripts
{
    private static readonly byte[] TooOddForAString = [0x30, 6, 0, 3, (byte)'a', 0xC0, (byte)'b', 0];

    public static IReadOnlyList<(int Row, WireScript Wire)> Breaking { get; } =
    [
        (1, Begin.Publish(7, "a").Publish(7, "b")),
        (1, Begin.Publish(0, "a")),
        (1, Begin.Subscribe(7).Publish(7, "a")),
        (1, Begin.Publish(7, "a").Subscribe(7)),
        (2, Begin.Publish(7, "a", qos: 0)),
        (2, Begin.Bytes(0x30, 8, 0, 1, (byte)'t', 1, 5, 0, (byte)'a', (byte)'b')), // The id 0x0105, and then no properties.
        (3, Begin.Publish(7, "a").Resume().Publish(7, "b", dup: true)),
        (3, Begin.Publish(7, "a").Resume().Publish(8, "a", dup: true)),
        (4, Begin.Publish(7, "a").PubRec(7).Publish(7, "b")),
        (4, Begin.Publish(7, "a").Resume().Publish(7, "b")),
        (5, Begin.Publish(7, "a").PubRec(7).PubRel(8)),
        (5, Begin.Publish(7, "a").PubRec(7).PubRel(7, flags: 0)),
        (5, Begin.Publish(7, "a", qos: 1).PubRel(7)),
        (5, Begin.Publish(7, "a").PubRec(7).PubRel(7).Connect().PubRel(7)), // That session is gone.
        (5, Begin.Resume().PubRel(7)),
        (6, Begin.Publish(7, "a").Resume().Publish(7, "a")),
        (6, Begin.Publish(7, "a", dup: true)),
        (6, Begin.Publish(7, "a").Connect().Publish(7, "a", dup: true)), // Not delivered again, but for the first time in this session.
        (7, Begin.Publish(0, "a", dup: true, qos: 0)),
        (10, Begin.Publish(7, "a").PubRec(7, 0x97).PubRel(7)),
        (10, Begin.Publish(7, "a").PubRel(7)),
        (12, Begin.Publish(7, "a").PubRec(7).PubRel(7).Resume().Publish(7, "a", dup: true)),
        (12, Begin.Whole(7, "a").Resume().Publish(7, "a", dup: true)),
        (15, Begin.Publish(7, "a").Resume().Publish(8, "b")),
        (15, Begin.Publish(7, "a").Publish(8, "b").PubRec(8).PubRel(8).Resume().PubRel(8).Publish(9, "c")),
        (15, Begin.Publish(7, "a").PubRec(7).PubRel(7).Publish(8, "b").Resume().Publish(8, "b", dup: true).Publish(9, "c")),
        (16, Begin.Publish(7, "a").Publish(7, "a", dup: true)),
        (16, Begin.Publish(7, "a", qos: 1).PubAck(7).Publish(7, "a", dup: true, qos: 1)),
        (16, Begin.Publish(7, "a").PubRec(7).PubRel(7).PubRel(7)),
        (16, Begin.Whole(7, "a").PubRel(7)),
        (21, Begin.Publish(7, "a").Publish(8, "b", qos: 1).Resume().Publish(8, "b", dup: true, qos: 1).Publish(7, "a", dup: true)),
        (22, Begin.Publish(7, "a").Publish(8, "b").PubRec(8).PubRec(7).PubRel(7).PubRel(8)),
        (22, Begin.Publish(7, "a").Publish(8, "b").PubRec(8).PubRec(7).PubRel(8).PubRel(7).Resume().PubRel(7).PubRel(8)),
        (23, Limited.Publish(7, "a").Publish(8, "b").Publish(9, "c")),
        (23, Limited.Publish(7, "a").Publish(8, "b").Resume(receiveMaximum: 1).Publish(7, "a", dup: true).Publish(8, "b", dup: true)),
        (24, Limited.Publish(7, "a").Publish(8, "b").PubAck(99).Publish(9, "c")),
        (24, Limited.Publish(7, "a").Publish(8, "b").PubRec(7).Publish(9, "c")),
        (24, Limited.Publish(7, "a").Publish(8, "b").PubComp(7).Publish(9, "c")),
        (27, new WireScript().Connect(maximumPacketSize: 100).Publish(7, "a", change: packet => packet with { Size = 101 })),
        (28, Begin.Publish(7, "a", change: packet => packet with { TopicAlias = 1 })),
        (29, Begin.Bytes(0x30, 7, 0, 1, (byte)'t', 2, 0x0B, 1, (byte)'a')),
        (30, Begin.Publish(7, "a", change: packet => packet with { Topic = "" })),
        (30, Begin.Publish(7, "a", change: packet => packet with { Topic = "a/+" })),
        (30, Begin.Publish(7, "a", change: packet => packet with { ResponseTopic = "a/#" })),
        (31, Begin.Bytes(TooOddForAString)),
        (31, Begin.Bytes(0x30, 6, 0, 3, (byte)'a', 0, (byte)'b', 0)),
        (31, Begin.Bytes(0x30, 8, 0, 5, (byte)'a', 0xED, 0xA0, 0x80, (byte)'b', 0)), // U+D800.
        (31, Begin.Bytes(0x30, 10, 0, 1, (byte)'t', 6, 0x03, 0, 3, (byte)'a', 0xFF, (byte)'b')), // A content type.
        (33, new WireScript().Ping()),
        (33, Begin.ConnectHere()),
        (33, Begin.Disconnect().Ping()),
    ];

    public static IReadOnlyList<(int Row, WireScript Wire)> Keeping { get; } =
    [
        (1, Begin.Subscribe(7).SubAck(7).Publish(7, "a")),
        (2, Begin.Bytes(0x30, 5, 0, 1, (byte)'t', 0, (byte)'a')),
        (3, Begin.Publish(7, "a").PubRec(7, 0x97).Publish(8, "a")), // Refused, and sent anew.
        (3, Begin.Publish(7, "a").Connect().Publish(8, "a")), // The session is lost.
        (4, Begin.Whole(7, "a").Publish(7, "b", qos: 1).PubAck(7, 0x87).Publish(7, "c").PubRec(7, 0x80).Publish(7, "d")),
        (5, Begin.Publish(7, "a").PubRec(7).PubRel(7).Resume().PubRel(7)),
        (5, new WireScript().Resume().PubRel(7)), // Of a session from before the recording.
        (6, Begin.Publish(7, "a").Resume().Publish(7, "a", dup: true).Publish(8, "b")),
        (6, Begin.Resume().Publish(7, "a", dup: true)), // Its first PUBLISH got lost before it came here.
        (7, Begin.Publish(0, "a", qos: 0)),
        (10, Begin.Publish(7, "a").PubRec(7).PubRec(7).PubRel(7).PubRel(7)), // A PUBREL for each PUBREC.
        (10, Begin.PubRec(99).PubRel(99)), // As PUBREL 0x92 does.
        (10, Begin.Publish(7, "a").Resume().Publish(7, "a", dup: true).PubRec(7, 0x91).PubRel(7)),
        (12, Begin.Publish(7, "a").PubRec(7).Resume().Publish(7, "a", dup: true)), // The PUBREC was lost on its way, or with the process.
        (12, Begin.Whole(7, "a").Resume().PubRel(7)), // So was the PUBCOMP.
        (15, Begin.Publish(7, "a").Publish(8, "b").PubRec(8).PubRel(8).Resume().PubRel(8).Publish(7, "a", dup: true).Publish(9, "c")),
        (15, Begin.Publish(7, "a", qos: 1).PubAck(7).Resume().Publish(8, "b")),
        (15, Begin.Publish(7, "a").PubRec(7).Resume().Publish(8, "b").PubRel(7)), // Its first PUBREL: the ledger had it only now.
        (15, Begin.Publish(7, "a").Resume().Publish(7, "a", dup: true).PubRec(7).Late().PubRec(7).PubRel(7).PubComp(7).Resume().Publish(8, "b")),
        (16, Begin.Publish(7, "a").PubRec(7).Resume().PubRel(7).PubComp(7).Whole(7, "b").Whole(7, "c")), // The packet id is used again at once.
        (16, Begin.Publish(7, "a").Resume().Publish(7, "a", dup: true).Resume().Publish(7, "a", dup: true)),
        (21, Begin.Publish(8, "a").Publish(7, "b").Resume().Publish(8, "a", dup: true).Publish(7, "b", dup: true)),
        (22, Begin.Publish(7, "a").Publish(8, "b").PubRec(8).PubRec(7).PubRel(8).PubRel(7).Resume().PubRel(8).PubRel(7)),
        (23, Limited.Publish(7, "a").Publish(8, "b").PubRec(7, 0x97).Publish(9, "c").PubRec(8).PubRel(8).PubComp(8).Publish(10, "d")),
        (23, Limited.Publish(7, "a").Publish(8, "b").Resume(receiveMaximum: 1).Publish(7, "a", dup: true).PubRec(7).PubRel(7).PubComp(7).Publish(8, "b", dup: true)),
        (24, Limited.PubAck(98).PubComp(99).Publish(7, "a").Publish(8, "b")),
        (27, new WireScript().Connect(maximumPacketSize: 100).Publish(7, "a", change: packet => packet with { Size = 100 })),
        (28, Begin.Publish(0, "a", qos: 0, change: packet => packet with { TopicAlias = 1 })), // The application's, for as long as the connection lasts.
        (29, Begin.Bytes(0x30, 7, 0, 1, (byte)'t', 2, 0x01, 1, (byte)'a')),
        (30, Begin.Publish(7, "a", change: packet => packet with { Topic = "$a//", ResponseTopic = "b" })),
        (31, Begin.Bytes([0x30, 7, 0, 4, 0xEF, 0xBB, 0xBF, (byte)'a', 0])), // U+FEFF is a character like others.
        (33, Begin.Disconnect().Resume().Ping()),
    ];

    private static WireScript Begin => new WireScript().Connect();

    private static WireScript Limited => new WireScript().Connect(receiveMaximum: 2);
}
