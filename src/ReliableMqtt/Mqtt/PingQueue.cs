namespace ReliableMqtt.Mqtt;

/// <summary>
/// Who is waiting for which PINGRESP. They carry no id, but come in the order of the PINGREQs, so a queue tells ours from those of MqttClient.
/// </summary>
internal sealed class PingQueue
{
    private readonly Queue<Action<bool>?> _waiting = new();
    private bool _closed;

    /// <summary>A PINGREQ is about to be sent.</summary>
    /// <param name="onAnswer">What to call with the answer to a ping of ours, or with false when the connection ends; null for one of MqttClient.</param>
    public void Add(Action<bool>? onAnswer)
    {
        lock (_waiting)
        {
            if (!_closed)
            {
                _waiting.Enqueue(onAnswer);
                return;
            }
        }

        onAnswer?.Invoke(false);
    }

    /// <summary>A PINGRESP has come.</summary>
    /// <returns>True when it is for MqttClient.</returns>
    public bool Answer()
    {
        Action<bool>? onAnswer;
        lock (_waiting)
        {
            // Nobody has asked: MqttClient ignores it.
            if (!_waiting.TryDequeue(out onAnswer)) return true;
        }

        onAnswer?.Invoke(true);
        return onAnswer is null;
    }

    /// <summary>The connection has ended.</summary>
    public void Close()
    {
        Action<bool>?[] left;
        lock (_waiting)
        {
            _closed = true;
            left = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var onAnswer in left) onAnswer?.Invoke(false);
    }
}
