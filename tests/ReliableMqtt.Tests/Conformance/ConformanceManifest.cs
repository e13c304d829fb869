namespace ReliableMqtt.Tests.Conformance;

/// <summary>What binds a publishing client, row by row. Each row has a test: <see cref="ConformanceTests"/> sees to it.</summary>
internal static class ConformanceManifest
{
    public static IReadOnlyList<ConformanceRow> Rows { get; } =
    [
        new(1, "A new PUBLISH of QoS 1 or 2 gets a packet id that is not zero and that nothing else uses: no PUBLISH without its last ack, no PUBREL that is owed, no SUBSCRIBE or UNSUBSCRIBE, and nothing that a process before this one has left",
            "2.2.1-3, 4.3.2-1, 4.3.3-1", "2.3.1-1, 2.3.1-2"),
        new(2, "A PUBLISH of QoS 0 has no packet id", "2.2.1-2", "2.3.1-5"),
        new(3, "What is sent again keeps its packet id", "4.4.0-1", "2.3.1-3, 4.4.0-1"),
        new(4, "Only a PUBACK, a PUBCOMP or a PUBREC that refuses frees a packet id; a caller who stops waiting does not", "2.2.1, 4.3.2-3, 4.3.3-5", "2.3.1-3"),
        new(5, "A PUBREL has the packet id of its PUBLISH, and 0010 as its flags", "2.2.1-5, 3.6.1-1", "2.3.1-6, 3.6.1-1"),
        new(6, "DUP is 0 when a message leaves for the first time, 1 each time that it leaves again, and set by nothing else", "3.3.1-1, 3.3.1-3, 4.3.2-2, 4.3.3-2", "3.3.1-1, 4.3.2-1, 4.3.3-1"),
        new(7, "DUP is 0 at QoS 0, whatever the application asks for", "3.3.1-2, 4.3.1-1", "3.3.1-2, 4.3.1-1"),
        new(8, "A message of QoS 1 is unfinished until its PUBACK", "4.3.2-3", "4.3.2-1"),
        new(9, "A PUBLISH of QoS 2 is unfinished until its PUBREC", "4.3.3-3", "4.3.3-1"),
        new(10, "A PUBREC that accepts is answered with a PUBREL, each time that it comes; one that refuses ends the exchange, without a PUBREL", "4.3.3-4", "4.3.3-1"),
        new(11, "A PUBREL is unfinished until its PUBCOMP", "4.3.3-5", "4.3.3-1"),
        new(12, "Once its PUBREL has left, a PUBLISH is never sent again, also not by the next process", "4.3.3-6", "4.3.3-1"),
        new(13, "A message that was sent does not expire any more, at QoS 1 as at QoS 2", "4.3.3-7", "–"),
        new(14, "The state of the session is kept for as long as the session lives, also without a connection and over the death of the process", "4.1.0-1, 3.1.2-23", "4.1.0-1"),
        new(15, "When the broker has kept the session, every PUBLISH and PUBREL without its ack is sent again, before anything new", "4.4.0-1", "4.4.0-1"),
        new(16, "Nothing is sent again at any other time: an ack that is overdue leads to another connection, not to a repetition on this one", "4.4.0-1", "4.4 (text)"),
        new(17, "When the broker has lost the session, what was in flight is dropped, or sent as new: another packet id, DUP 0", "3.2.2-5", "3.2.2-2, 3.2.2-3, 3.1.2-6"),
        new(18, "A session of which this publisher knows nothing is ended by a clean start before anything is sent", "3.2.2-4", "–"),
        new(19, "After a clean start nothing of the old session is gone on with", "3.1.2-4", "3.1.2-6"),
        new(20, "A PUBACK or PUBREC that refuses ends that PUBLISH: it is not sent again, though the message may be, as new", "4.4.0-2", "–"),
        new(21, "What is sent again keeps the order in which it was first sent, QoS 1 and 2 together", "4.6.0-1", "4.6.0-1"),
        new(22, "PUBRELs leave in the order of their PUBRECs", "4.6.0-4", "4.6.0-4"),
        new(23, "No more messages of QoS 1 and 2 are unacknowledged than the broker's Receive Maximum, those that are sent again among them; on MQTT 3.1.1 `MaxInFlightMqtt311`", "3.3.4-7, 4.9.0-1, 4.9.0-2", "–"),
        new(24, "A PUBACK, a PUBCOMP and a PUBREC that refuses each make room for one message, a PUBREC that accepts and an ack of nothing make none", "4.9 (text)", "–"),
        new(25, "A full window holds back PUBLISHes of QoS 1 and 2 and nothing else", "3.3.4-8, 4.9.0-3", "–"),
        new(26, "No QoS above the broker's Maximum QoS, and no retained message where it takes none", "3.2.2-11, 3.2.2-14", "–"),
        new(27, "No packet above the broker's Maximum Packet Size, counted with its fixed header", "3.2.2-15", "–"),
        new(28, "The session uses no topic alias: the ledger has the whole topic, and so has each PUBLISH that is sent again", "3.2.2-17, 3.2.2-18, 3.3.2-7, 3.3.2-8, 3.3.2-9", "–"),
        new(29, "A PUBLISH has no subscription identifier", "3.3.4-6", "–"),
        new(30, "A topic, and a response topic, has at least one character and no wildcard", "3.3.2-1, 3.3.2-2, 3.3.2-13, 3.3.2-14, 4.7.0-1, 4.7.3-1", "3.3.2-1, 3.3.2-2, 4.7.1-1, 4.7.3-1"),
        new(31, "Every string is well-formed UTF-8 of at most 65,535 bytes without U+0000, and is sent exactly as it was given, a U+FEFF included", "1.5.4-1, 1.5.4-2, 1.5.4-3, 4.7.3-2, 4.7.3-3", "1.5.3-1, 1.5.3-2, 1.5.3-3, 4.7.3-2, 4.7.3-3"),
        new(32, "A topic that begins with `$` is the application's own decision, and is sent as it was given; the publisher makes none itself", "4.7.2 (text)", "4.7.2 (text)"),
        new(33, "A connection begins with its only CONNECT, and nothing follows DISCONNECT", "3.1.0-1, 3.14.4-1, 3.14.4-2", "3.1.0-1, 3.14.4-1, 3.14.4-2"),
        new(34, "A PINGREQ leaves within the Keep Alive, and the broker's Server Keep Alive counts before ours", "3.1.2-20, 3.1.2-21, 3.2.2-21", "3.1.2-23"),
        new(35, "An ack of an unknown packet id, a late one or one of the wrong kind ends no message and no connection; an unknown PUBREC is answered with PUBREL 0x92, on MQTT 3.1.1 with a plain one", "2.2.1-5", "2.3.1-6"),
        new(36, "A message that ends each connection which carries it is found, given up and told, and the others go on", "(0x87)", "3.3.5-2"),
    ];
}
