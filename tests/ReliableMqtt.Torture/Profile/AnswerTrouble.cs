using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Session;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Profile;

/// <summary>Answers in the broker's place with each reason code that says no, once: to a PUBLISH, which then does not reach the broker, and to a CONNECT.</summary>
internal sealed class AnswerTrouble(Stage stage, Seat seat, CancellationToken stop)
{
    private const byte SessionTakenOver = 0x8E, First = 0x80;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>How many different answers there are, for both QoS together.</summary>
    public static int Kinds { get; } = ReasonCodes.Table.Where(row => row.Code >= First).Sum(row =>
        (row.PubAck is null ? 0 : 1) + (row.PubRec is null ? 0 : 1) + (row.Disconnect is null ? 0 : 1) + (row.ConnAck is null ? 0 : 1));

    public async Task RunAsync()
    {
        var ack = seat.QoS == 1 ? AckKind.PubAck : AckKind.PubRec;
        var table = ReasonCodes.Table.Where(row => row.Code >= First).ToList();
        foreach (var row in table.Where(row => (ack == AckKind.PubAck ? row.PubAck : row.PubRec) is not null))
            await AnswerAsync($"{ack} 0x{row.Code:X2}", IsNew, packet => [(byte)(ack == AckKind.PubAck ? 0x40 : 0x50), 3, (byte)(packet.PacketId >> 8), (byte)packet.PacketId, row.Code]);
        foreach (var row in table.Where(row => row.Disconnect is not null && row.Code != SessionTakenOver))
            await AnswerAsync($"DISCONNECT 0x{row.Code:X2}", IsNew, _ => [0xE0, 1, row.Code], ends: true);
        foreach (var row in table.Where(row => row.ConnAck is not null))
            await AnswerAsync($"CONNACK 0x{row.Code:X2}", packet => packet.Type == MqttControlPacketType.Connect, _ => [0x20, 3, 0, row.Code, 0], seat.Proxy.Cut);

        // It stops whoever hears it; only another process may go on.
        await AnswerAsync($"DISCONNECT 0x{SessionTakenOver:X2}", IsNew, _ => [0xE0, 1, SessionTakenOver]);
        var fault = stage.Faults.Begin(Profile.Kinds.Kill, seat.Name);
        await seat.KillAsync();
        seat.Launch();
        fault.Over();
        await seat.StartedAsync(stop);
    }

    private static bool IsNew(WirePacket packet) => packet is { Type: MqttControlPacketType.Publish, Direction: Direction.ToBroker, Dup: false };

    private async Task AnswerAsync(string name, Func<WirePacket, bool> matches, Func<WirePacket, byte[]> answer, Action? provoke = null, bool ends = false)
    {
        var fault = stage.Faults.Begin(Profile.Kinds.Answers, seat.Name);
        var before = seat.Proxy.ConnectionCount;
        var rule = seat.Tap.On(matches, TapAction.Answer(answer));
        provoke?.Invoke();
        if (await Patience.UntilAsync(() => rule.Hits > 0, Limit, stop)) stage.Answers.AddOrUpdate(name, 1, (_, times) => times + 1);
        await rule.ReleaseAsync();
        if (ends) await Patience.UntilAsync(() => seat.Proxy.ConnectionCount > before, Limit, stop);
        fault.Over();
    }
}
