using MQTTnet;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

// One attempt to connect, and what is done on the new connection.
internal sealed partial class ConnectionSupervisor
{
    // On top of the token that is to end an attempt: for application code inside it (an authentication handler, say) that does not look at the token.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private bool _sessionExpiryWarned;
    private bool _renewalDue;

    /// <summary>What came of a CONNECT.</summary>
    private sealed record Attempt(
        bool Succeeded, SessionChannelAdapter? Adapter = null, MqttClient? Client = null, string Why = "", Exception? Error = null,
        byte? Code = null, ConnectVerdict Verdict = ConnectVerdict.Retry);

    private async Task<Attempt> ConnectAsync(bool clean)
    {
        MqttClientOptions mqtt;
        try
        {
            mqtt = _mqttOptions.Create(clean);
            if (clean)
            {
                // Wipe with one connection, and begin the lasting session with the next. On MQTT 3.1.1 a clean session dies with its connection, and
                // mosquitto does not keep one that began with Clean Start over its own restart, whatever its expiry.
                var wipe = await ConnectOnceAsync(mqtt, new NullWireSink(), visible: false).ConfigureAwait(false);
                if (!wipe.Succeeded) return wipe;
                await wipe.Adapter!.CloseAsync("the old session is wiped", CloseTimeout).ConfigureAwait(false);
                mqtt = _mqttOptions.Create();
            }
        }
        catch (Exception e)
        {
            return new Attempt(false, Why: $"the MQTT options cannot be made: {e.Message}", Error: e);
        }

        return await ConnectOnceAsync(mqtt, _sink, visible: true).ConfigureAwait(false);
    }

    private async Task<Attempt> ConnectOnceAsync(MqttClientOptions mqtt, IWireSink sink, bool visible)
    {
        SessionChannelAdapter? adapter = null;
        var keepAlive = mqtt.KeepAlivePeriod;
        var settings = new AdapterSettings(
            _connections + 1, sink, visible ? _incomingIds : new IncomingQos2Ids(), keepAlive, _time, _logger)
        {
            ReceiveMaximumMqtt311 = _options.MaxInFlightMqtt311,
            IsInspected = () => _client.IsInspected,
        };
        var client = new MqttClient(
            new SessionAdapterFactory(settings, created =>
            {
                adapter = created;
                if (visible) _current = created;

                // Who stops or suspends sets his flag first and then ends what is current: one of the two sees the other.
                if (_stopping || _suspended) created.End("no connection is wanted any more");
            }),
            MqttNetNullLogger.Instance);
        if (visible) _client.Use(client);
        try
        {
            using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);

            // The adapter pings by itself; with a period of zero MqttClient does not.
            mqtt.KeepAlivePeriod = TimeSpan.Zero;
            var connecting = client.ConnectAsync(mqtt, either.Token);
            Background.Observe(connecting);
            var result = await connecting.WaitAsync(_options.ConnectTimeout + Grace, _time, _stop.Token).ConfigureAwait(false);
            mqtt.KeepAlivePeriod = keepAlive;
            return adapter is { Info: not null } ? new Attempt(true, adapter, client) : Failure(adapter, null);
        }
        catch (Exception e)
        {
            if (adapter is not { Info: not null }) return Failure(adapter, e);

            // The broker has accepted, and the session knows of it. What failed then is the end of a connection, not a failed attempt.
            adapter.End($"connecting failed: {e.Message}", e);
            return new Attempt(true, adapter, client);
        }
    }

    private Attempt Failure(SessionChannelAdapter? adapter, Exception? error)
    {
        adapter?.End("connecting failed", error);
        if (adapter?.Refusal is { } refusal)
        {
            // Codes below 0x80 are return codes of MQTT 3, which a broker without MQTT 5 gives to a CONNECT of either version.
            var why = $"CONNACK {ReasonCodes.Describe(refusal.Code)}";
            if (!string.IsNullOrEmpty(refusal.ReasonString)) why += $" ({refusal.ReasonString})";
            return new Attempt(
                false, adapter, Why: why, Error: error, Code: refusal.Code, Verdict: ReasonCodes.OfConnAck(refusal.Code, mqtt5: refusal.Code >= 0x80));
        }

        // Some brokers refuse with a DISCONNECT in place of the CONNACK. A takeover cannot be meant here: there was no session of ours to take.
        if (adapter is { Ended: { IsCompletedSuccessfully: true, Result.Code: { } code } })
        {
            var verdict = ReasonCodes.OfDisconnect(code) == DisconnectVerdict.Fault ? ConnectVerdict.Fault : ConnectVerdict.Retry;
            return new Attempt(false, adapter, Why: adapter.Ended.Result.Why, Error: error, Code: code, Verdict: verdict);
        }

        var text = error switch
        {
            OperationCanceledException or TimeoutException => $"no connection within {_options.ConnectTimeout}",
            null => "the connection ended at once",
            _ => error.Message,
        };
        return new Attempt(false, adapter, Why: text, Error: error);
    }

    private void WarnOfSessionExpiry(SessionChannelAdapter connection, ConnectionInfo info)
    {
        // 0 is what MQTTnet decodes for an absent property too, which means that the asked value stands (MQTT 5 §3.2.2.3.2): no verdict on it.
        var granted = connection.GrantedSessionExpiry;
        if (info.Protocol != MqttProtocolVersion.V500 || granted == 0 || granted >= _mqttOptions.SessionExpirySeconds || _sessionExpiryWarned) return;
        _sessionExpiryWarned = true;
        Log.SessionExpiryLowered(_logger, granted, _mqttOptions.SessionExpirySeconds);
    }

    // In the background: a broker that does not answer a SUBSCRIBE must not hold up publishing.
    private void RenewSubscriptions(MqttClient client, bool lost)
    {
        if (lost) Volatile.Write(ref _renewalDue, true);
        if (Volatile.Read(ref _renewalDue)) _ = Task.Run(() => RenewSubscriptionsAsync(client));
    }

    private async Task RenewSubscriptionsAsync(MqttClient client)
    {
        var renewals = _client.Subscriptions.Renewals();
        try
        {
            foreach (var request in renewals)
            {
                var result = await client.SubscribeAsync(request, _stop.Token).WaitAsync(_options.ConnectTimeout, _time).ConfigureAwait(false);
                foreach (var item in result.Items)
                {
                    if (item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2)
                        Log.ResubscribeRefused(_logger, item.TopicFilter.Topic, item.ResultCode);
                }
            }

            Volatile.Write(ref _renewalDue, false);
        }
        catch (Exception e)
        {
            if (!_stopping) Log.ResubscribeFailed(_logger, renewals.Sum(request => request.TopicFilters.Count), e);
        }
    }
}
