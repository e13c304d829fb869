using System.Globalization;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Walks every code of every packet. The expected classes are written out here from the protocol, not taken from the table.</summary>
public class ReasonCodesTests
{
    private static readonly byte[] PublishRefusals = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

    private static readonly byte[] FaultsOnConnect =
        [0x81, 0x82, 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x90, 0x95, 0x99, 0x9A, 0x9B, 0x9C, 0x9D];

    private static readonly byte[] FaultsOnDisconnect = [0x87, 0x8C, 0x9C, 0x9D];

    // What speaks of a packet, or of nothing; not what speaks of the connection, of people, of load, or of a subscription.
    private static readonly byte[] BlamesAPacket = [0x80, 0x81, 0x82, 0x83, 0x87, 0x90, 0x94, 0x95, 0x99, 0x9A, 0x9B];

    public static TheoryData<byte> AllCodes => new(Enumerable.Range(0, 256).Select(code => (byte)code));

    [Theory]
    [MemberData(nameof(AllCodes))]
    [Conformance(20)]
    public void Row_20_every_code_of_every_packet_has_its_verdict(byte code)
    {
        AckVerdict? refusal = code switch
        {
            0x87 or 0x90 or 0x99 => AckVerdict.DeadLetter,
            0x91 => AckVerdict.PacketIdInUse,
            0x97 => AckVerdict.RetryPaused,
            >= 0x80 => AckVerdict.Retry,
            _ => null,
        };
        Assert.Equal(refusal ?? AckVerdict.Confirm, ReasonCodes.OfAck(AckKind.PubAck, code));
        Assert.Equal(refusal ?? AckVerdict.Release, ReasonCodes.OfAck(AckKind.PubRec, code));
        Assert.Equal(AckVerdict.Confirm, ReasonCodes.OfAck(AckKind.PubComp, code));

        var inPublishAcks = code is 0x00 or 0x10 || PublishRefusals.Contains(code);
        Assert.Equal(inPublishAcks, ReasonCodes.IsDefined(AckKind.PubAck, code));
        Assert.Equal(inPublishAcks, ReasonCodes.IsDefined(AckKind.PubRec, code));
        Assert.Equal(code is 0x00 or 0x92, ReasonCodes.IsDefined(AckKind.PubComp, code));

        var faults = FaultsOnConnect.Contains(code);
        Assert.Equal(faults ? ConnectVerdict.Fault : ConnectVerdict.Retry, ReasonCodes.OfConnAck(code, mqtt5: true));
        var faults3 = code is 1 or 2 or 4 or 5;
        Assert.Equal(faults3 ? ConnectVerdict.Fault : ConnectVerdict.Retry, ReasonCodes.OfConnAck(code, mqtt5: false));

        var expected = code == 0x8E ? DisconnectVerdict.Stop
            : FaultsOnDisconnect.Contains(code) ? DisconnectVerdict.Fault : DisconnectVerdict.Reconnect;
        Assert.Equal(expected, ReasonCodes.OfDisconnect(code));

        Assert.Equal(BlamesAPacket.Contains(code), ReasonCodes.BlamesPacket(code));

        Assert.EndsWith($" (0x{code:X2})", ReasonCodes.Describe(code), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x87, "not authorized (0x87)")]
    [InlineData(0x97, "quota exceeded (0x97)")]
    [InlineData(0x00, "success (0x00)")]
    [InlineData(0xC8, "unknown reason (0xC8)")]
    public void A_code_is_described_in_words_and_numbers(byte code, string expected) => Assert.Equal(expected, ReasonCodes.Describe(code));

    [Fact]
    public void An_ack_of_no_kind_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ReasonCodes.OfAck((AckKind)9, 0));

    [Fact]
    public void The_table_is_in_order_and_without_repetition()
    {
        var codes = ReasonCodes.Table.Select(row => (int)row.Code).ToArray();
        Assert.Equal(codes.Distinct().Order(), codes);
        Assert.All(ReasonCodes.Table, row => Assert.True(
            new Enum?[] { row.PubAck, row.PubRec, row.PubComp, row.ConnAck, row.ConnAck3, row.Disconnect }.Any(verdict => verdict is not null),
            $"0x{row.Code:X2} stands in no packet."));
    }

    [Fact]
    public void The_document_holds_the_same_table_row_by_row()
    {
        var documented = File.ReadLines(RepositoryRoot.File("docs/reason-codes.md"))
            .Where(line => line.StartsWith("| 0x", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToArray();
        var inCode = ReasonCodes.Table.Select(row => new[]
        {
            string.Create(CultureInfo.InvariantCulture, $"0x{row.Code:X2}"), row.Name, Cell(row.PubAck), Cell(row.PubRec), Cell(row.PubComp),
            Cell(row.ConnAck), Cell(row.ConnAck3), Cell(row.Disconnect) + (row.BlamesPacket ? ", suspect" : ""),
        });

        Assert.Equal(inCode.Select(Line), documented.Select(cells => Line(cells[1..9])));
        Assert.All(documented, cells => Assert.False(string.IsNullOrEmpty(cells[9]), $"{cells[1]} has no reason."));
    }

    private static string Cell(Enum? verdict) => verdict?.ToString() ?? "–";

    private static string Line(string[] cells) => string.Join(" | ", cells);
}
