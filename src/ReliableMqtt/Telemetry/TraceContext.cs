using System.Diagnostics;
using System.Text;
using MQTTnet.Packets;

namespace ReliableMqtt.Telemetry;

/// <summary>W3C Trace Context in MQTT 5 user properties.</summary>
internal static class TraceContext
{
    /// <summary>These properties and those that carry the context, unless the application has set its own: the same bytes then go out with every resend.</summary>
    public static List<MqttUserProperty> Add(IReadOnlyList<MqttUserProperty>? properties, Activity activity)
    {
        List<MqttUserProperty> all = [.. properties ?? []];
        DistributedContextPropagator.Current.Inject(activity, all, static (carrier, name, value) =>
        {
            var list = (List<MqttUserProperty>)carrier!;
            if (!list.Exists(property => property.Name == name)) list.Add(new MqttUserProperty(name, Encoding.UTF8.GetBytes(value)));
        });
        return all;
    }

    public static string ValueOf(MqttUserProperty property) => Encoding.UTF8.GetString(property.ValueBuffer.Span);

    public static ActivityContext Read(IReadOnlyList<MqttUserProperty>? properties)
    {
        if (properties is not { Count: > 0 }) return default;
        DistributedContextPropagator.Current.ExtractTraceIdAndState(
            properties,
            static (object? carrier, string name, out string? value, out IEnumerable<string>? values) =>
                (value, values) = (((IReadOnlyList<MqttUserProperty>)carrier!).FirstOrDefault(property => property.Name == name) is { } found ? ValueOf(found) : null, null),
            out var parent, out var state);
        return ActivityContext.TryParse(parent, state, isRemote: true, out var context) ? context : default;
    }
}
