using MQTTnet;

namespace ReliableMqtt.Tool.Letters;

/// <summary>
/// A topic filter with the wildcards of MQTT (MQTT 5 §4.7.1): <c>plant/+/alarm</c>, <c>plant/#</c>. One that begins with a wildcard takes no topic that begins with
/// <c>$</c> (§4.7.2).
/// </summary>
internal sealed record TopicFilter
{
    private readonly string _text;

    private TopicFilter(string text) => _text = text;

    /// <exception cref="FormatException">It is no topic filter.</exception>
    public static TopicFilter Parse(string text)
    {
        var levels = text.Split('/');
        for (var i = 0; i < levels.Length; i++)
        {
            if (levels[i] == "#" && i < levels.Length - 1) throw new FormatException($"'{text}' is no topic filter: # may stand at the end only.");
            if (levels[i].Length > 1 && levels[i].AsSpan().ContainsAny('+', '#')) throw new FormatException($"'{text}' is no topic filter: + and # stand for a whole level.");
        }

        return text.Length > 0 ? new TopicFilter(text) : throw new FormatException("A topic filter has at least one character.");
    }

    public bool Matches(string topic) => MqttTopicFilterComparer.Compare(topic, _text) == MqttTopicFilterCompareResult.IsMatch;

    public override string ToString() => _text;
}
