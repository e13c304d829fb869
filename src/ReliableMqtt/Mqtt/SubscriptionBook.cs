using MQTTnet;
using MQTTnet.Packets;

namespace ReliableMqtt.Mqtt;

/// <summary>The subscriptions that the broker has granted to the application, so that they can be renewed when it has lost the session.</summary>
internal sealed class SubscriptionBook
{
    private readonly object _gate = new();
    private readonly Dictionary<string, (MqttTopicFilter Filter, uint Identifier, List<MqttUserProperty>? UserProperties)> _granted =
        new(StringComparer.Ordinal);

    /// <summary>Notes what a SUBACK granted.</summary>
    public void OnSubscribed(MqttClientSubscribeOptions request, MqttClientSubscribeResult result)
    {
        lock (_gate)
        {
            foreach (var item in result.Items)
            {
                if (item.ResultCode <= MqttClientSubscribeResultCode.GrantedQoS2)
                    _granted[item.TopicFilter.Topic] = (Copy(item.TopicFilter), request.SubscriptionIdentifier, request.UserProperties);
            }
        }
    }

    /// <summary>Strikes out what an UNSUBACK ended.</summary>
    public void OnUnsubscribed(MqttClientUnsubscribeResult result)
    {
        lock (_gate)
        {
            foreach (var item in result.Items)
            {
                if (item.ResultCode < MqttClientUnsubscribeResultCode.UnspecifiedError)
                    _granted.Remove(item.TopicFilter);
            }
        }
    }

    /// <summary>The requests that renew everything: filters with the same subscription identifier and properties share one.</summary>
    public IReadOnlyList<MqttClientSubscribeOptions> Renewals()
    {
        lock (_gate)
        {
            return [.. _granted.Values
                .GroupBy(entry => (entry.Identifier, entry.UserProperties))
                .Select(group => new MqttClientSubscribeOptions
                {
                    SubscriptionIdentifier = group.Key.Identifier,
                    UserProperties = group.Key.UserProperties,
                    TopicFilters = [.. group.Select(entry => entry.Filter)],
                })];
        }
    }

    // The application may use its filter object for something else.
    private static MqttTopicFilter Copy(MqttTopicFilter filter) => new()
    {
        Topic = filter.Topic,
        QualityOfServiceLevel = filter.QualityOfServiceLevel,
        NoLocal = filter.NoLocal,
        RetainAsPublished = filter.RetainAsPublished,
        RetainHandling = filter.RetainHandling,
    };
}
