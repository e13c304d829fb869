using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using MQTTnet.Adapter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Mqtt;

namespace ReliableMqtt.IntegrationTests.Security;

/// <summary>
/// A broker that answers what it likes: acks of the wrong kind, for ids that nobody uses, with codes that do not exist, repeated, in floods, or none at all. All of it is such that it
/// cannot stand for the end of a handshake, at whatever moment it arrives; what does end one it sends only for what it has really got, and keeps account of that.
/// </summary>
internal sealed class HostileBroker : IAsyncDisposable
{
    private const int FloodSize = 2_000, NeverUsed = 40_000;

    private readonly Random _random;
    private readonly ScriptedBroker _broker;
    private readonly int _qos;
    private readonly object _gate = new();

    /// <summary>By packet id: the message that the publisher has under it.</summary>
    private readonly Dictionary<ushort, int> _held = [];
    private volatile bool _isHonest;
    private int _highest;

    public HostileBroker(int seed, int qos)
    {
        _qos = qos;
        _random = new Random(seed);
        _broker = new ScriptedBroker(number => new MqttConnAckPacket { ReceiveMaximum = 50, MaximumQoS = MqttQualityOfServiceLevel.ExactlyOnce, RetainAvailable = true, IsSessionPresent = number > 2 }, Answer);
    }

    public int Port => _broker.Port;

    /// <summary>Messages that it has acknowledged to the end.</summary>
    public ConcurrentDictionary<int, bool> Acknowledged { get; } = new();

    /// <summary>How many packets were sent that a broker should not send.</summary>
    public int Lies { get; private set; }

    /// <summary>From now on it does as it should.</summary>
    public void BeHonest() => _isHonest = true;

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    private MqttPacket? Answer(MqttPacket packet)
    {
        lock (_gate)
        {
            if (packet is MqttPublishPacket publish)
            {
                _held[publish.PacketIdentifier] = int.Parse(Encoding.UTF8.GetString(publish.Payload), CultureInfo.InvariantCulture);
                _highest = Math.Max(_highest, publish.PacketIdentifier);
            }

            if (packet is MqttPingReqPacket) return MqttPingRespPacket.Instance;
            if (!_isHonest && _random.Next(3) > 0) return Lie();
            switch (packet)
            {
                case MqttPublishPacket when _qos == 2:
                    return new MqttPubRecPacket { PacketIdentifier = ((MqttPublishPacket)packet).PacketIdentifier };
                case MqttPublishPacket { PacketIdentifier: var id }:
                    Acknowledged[_held[id]] = true;
                    return new MqttPubAckPacket { PacketIdentifier = id };
                case MqttPubRelPacket { PacketIdentifier: var id }:
                    if (_held.TryGetValue(id, out var message)) Acknowledged[message] = true;
                    return new MqttPubCompPacket { PacketIdentifier = id };
                default:
                    return null;
            }
        }
    }

    private MqttPacket? Lie()
    {
        Lies++;
        switch (_random.Next(8))
        {
            case 0:
                Flood();
                return null;
            case 1:
                return null; // It says nothing.
            case 2:
                foreach (var peer in _broker.Peers.Values) _ = SendAsync(peer, new MqttDisconnectPacket { ReasonCode = MqttDisconnectReasonCode.ServerBusy });
                return null;
            default:
                return AnyAck();
        }
    }

    private void Flood()
    {
        var packets = Enumerable.Range(0, FloodSize).Select(_ => AnyAck()).ToList();
        Lies += FloodSize;
        foreach (var peer in _broker.Peers.Values) _ = SendAllAsync(peer, packets);
    }

    private MqttPacket AnyAck()
    {
        var isUsed = _random.Next(4) > 0;
        var id = (ushort)(isUsed ? _random.Next(1, _highest + 50) : _random.Next(NeverUsed, 65_536));
        var code = _random.Next(4) switch { 0 => 0x10, 1 => 0x97, 2 => _random.Next(256), _ => 0 };
        return _random.Next(5) switch
        {
            // PUBACK ends QoS 1 and PUBCOMP QoS 2, where they meet a message that waits for them.
            0 when _qos == 2 || !isUsed => new MqttPubAckPacket { PacketIdentifier = id, ReasonCode = (MqttPubAckReasonCode)code },
            0 => new MqttPubAckPacket { PacketIdentifier = id, ReasonCode = MqttPubAckReasonCode.QuotaExceeded },
            1 when _qos == 1 || !isUsed => new MqttPubCompPacket { PacketIdentifier = id, ReasonCode = (MqttPubCompReasonCode)code },
            2 => new MqttPubRelPacket { PacketIdentifier = id },
            3 => new MqttSubAckPacket { PacketIdentifier = id, ReasonCodes = [MqttSubscribeReasonCode.GrantedQoS1] },
            // It may say again that it has what it has; what it has not got it must not call its own.
            _ => new MqttPubRecPacket { PacketIdentifier = id, ReasonCode = isUsed && !_held.ContainsKey(id) ? MqttPubRecReasonCode.QuotaExceeded : (MqttPubRecReasonCode)code },
        };
    }

    private static async Task SendAllAsync(MqttChannelAdapter peer, List<MqttPacket> packets)
    {
        foreach (var packet in packets) await SendAsync(peer, packet);
    }

    private static async Task SendAsync(MqttChannelAdapter peer, MqttPacket packet)
    {
        try
        {
            await peer.SendPacketAsync(packet, CancellationToken.None);
        }
        catch (Exception)
        {
            // The publisher has ended that connection.
        }
    }
}
