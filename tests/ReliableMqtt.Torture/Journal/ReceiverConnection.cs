using System.Buffers;
using System.Text;
using MQTTnet.Adapter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.Torture.Journal;

/// <summary>The conversation with one publisher: every answer leaves after the journal line that it speaks of is on the disk.</summary>
internal sealed class ReceiverConnection(MqttChannelAdapter adapter, JournalFile journal, int receiveMaximum)
{
    private readonly List<MqttPacket> _answers = [];

    public async Task RunAsync(CancellationToken stop)
    {
        var receiving = adapter.ReceivePacketAsync(stop);
        while (await receiving is { } packet and not MqttDisconnectPacket)
        {
            Take(packet);
            receiving = adapter.ReceivePacketAsync(stop);
            // What has come already shares the flush.
            if (receiving.IsCompletedSuccessfully && _answers.Count < receiveMaximum) continue;
            journal.Flush();
            foreach (var answer in _answers) await adapter.SendPacketAsync(answer, stop);
            _answers.Clear();
        }
    }

    private void Take(MqttPacket packet)
    {
        switch (packet)
        {
            case MqttConnectPacket connect:
                var present = journal.HasSession && !connect.CleanSession;
                if (!present) journal.BeginSession();
                _answers.Add(new MqttConnAckPacket
                {
                    IsSessionPresent = present,
                    ReasonCode = MqttConnectReasonCode.Success,
                    ReceiveMaximum = (ushort)receiveMaximum,
                    MaximumQoS = MqttQualityOfServiceLevel.ExactlyOnce,
                    RetainAvailable = true,
                });
                break;
            case MqttPublishPacket { QualityOfServiceLevel: MqttQualityOfServiceLevel.AtLeastOnce } publish:
                Keep(publish);
                _answers.Add(new MqttPubAckPacket { PacketIdentifier = publish.PacketIdentifier });
                break;
            case MqttPublishPacket publish:
                if (!journal.Unreleased.Contains(publish.PacketIdentifier)) Keep(publish);
                _answers.Add(new MqttPubRecPacket { PacketIdentifier = publish.PacketIdentifier });
                break;
            case MqttPubRelPacket release:
                journal.Release(release.PacketIdentifier);
                _answers.Add(new MqttPubCompPacket { PacketIdentifier = release.PacketIdentifier });
                break;
            case MqttPingReqPacket:
                _answers.Add(MqttPingRespPacket.Instance);
                break;
        }
    }

    private void Keep(MqttPublishPacket publish) =>
        journal.Take(publish.PacketIdentifier, (int)publish.QualityOfServiceLevel, publish.Topic, Encoding.UTF8.GetString(publish.Payload.ToArray()));
}
