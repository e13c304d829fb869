using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using MQTTnet;
using ReliableMqtt.Sample.Publishing;

namespace ReliableMqtt.Sample.Listening;

/// <summary>Counts every delivery, by message id; by topic and payload where there is no id, as on MQTT 3.1.1. The DUP flag is not looked at.</summary>
internal sealed class DeliveryCounter(HistoryFile history)
{
    private readonly Dictionary<string, int> _deliveries = [];
    private readonly Lock _lock = new();
    private long _received;
    private long _lastDelivery = TimeProvider.System.GetTimestamp();

    public long Received { get { lock (_lock) return _received; } }

    public long Distinct { get { lock (_lock) return _deliveries.Count; } }

    public long Duplicates { get { lock (_lock) return _received - _deliveries.Count; } }

    /// <summary>How long ago the last delivery was, or the start of counting.</summary>
    public TimeSpan Idle => TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _lastDelivery));

    public void RestartIdle() => Interlocked.Exchange(ref _lastDelivery, TimeProvider.System.GetTimestamp());

    public void Count(MqttApplicationMessage message)
    {
        var key = KeyOf(message);
        lock (_lock)
        {
            _received++;
            _deliveries[key] = _deliveries.GetValueOrDefault(key) + 1;
        }

        history.Delivered(key);

        RestartIdle();
    }

    /// <summary>How many deliveries were more than the first of their message, among those whose id begins so.</summary>
    public long DuplicatesOf(string idPrefix)
    {
        lock (_lock) return _deliveries.Where(pair => pair.Key.StartsWith(idPrefix, StringComparison.Ordinal)).Sum(pair => pair.Value - 1L);
    }

    private static string KeyOf(MqttApplicationMessage message)
    {
        var id = message.UserProperties?.FirstOrDefault(property => property.Name == MessageId.UserPropertyName);
        if (id is not null) return Encoding.UTF8.GetString(id.ValueBuffer.Span);
        return $"{message.Topic} {Convert.ToHexString(SHA256.HashData(message.Payload.ToArray()))}";
    }
}
