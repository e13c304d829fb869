using System.Security.Authentication;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>
/// Connects twice with a client id of its own, to see whether the broker keeps the session, and publishes where it was told to. At the end it connects once more and wipes that session.
/// </summary>
internal sealed class BrokerProbe(BrokerAddress address, BrokerQuestions questions)
{
    /// <summary>What subscribers of a tried topic get to read.</summary>
    public const string Payload = "reliable-mqtt doctor: a test whether this topic may be published to";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A message that was only a test need not wait for anybody.</summary>
    private const uint PayloadExpirySeconds = 60;

    private (MqttClientDisconnectReason Reason, string? Text)? _ended;

    /// <summary>Looks once. What cannot be found out is a part of the answer.</summary>
    public async Task<BrokerLook> LookAsync(CancellationToken stop)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        client.DisconnectedAsync += end =>
        {
            _ended = (end.Reason, end.ReasonString);
            return Task.CompletedTask;
        };
        var (failure, granted) = await ConnectAsync(client, clean: false, stop);
        if (granted is null) return failure!;
        try
        {
            var look = Read(granted);
            await DisconnectAsync(client, stop);
            var (again, second) = await ConnectAsync(client, clean: false, stop);
            if (second is null) return again! with { FailureText = $"a second connection, right after the first: {again!.FailureText}" };
            return look with { IsSessionKept = second.IsSessionPresent, Topics = await TryTopicsAsync(client, look, stop) };
        }
        finally
        {
            await WipeAsync(client, stop);
        }
    }

    private static BrokerLook Read(MqttClientConnectResult granted) => granted.ReceiveMaximum is null
        ? new BrokerLook()
        : new BrokerLook
        {
            GrantedExpiry = granted.SessionExpiryInterval is > 0 and var seconds ? seconds : null,
            ReceiveMaximum = granted.ReceiveMaximum is > 0 and var window ? window : null,
            MaximumQoS = (int)granted.MaximumQoS,
            MaximumPacketSize = granted.MaximumPacketSize is > 0 and var bytes ? bytes : null,
            IsRetainAvailable = granted.RetainAvailable,
        };

    private async Task<(BrokerLook? Failure, MqttClientConnectResult? Granted)> ConnectAsync(IMqttClient client, bool clean, CancellationToken stop)
    {
        _ended = null;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(Patience);
        try
        {
            var result = await client.ConnectAsync(Options(clean), deadline.Token);
            if (result.ResultCode == MqttClientConnectResultCode.Success) return (null, result);
            return (new BrokerLook { Failure = BrokerFailure.Refused, RefusalCode = result.ResultCode, FailureText = result.ReasonString ?? "" }, null);
        }
        catch (Exception error) when (!stop.IsCancellationRequested && error is OperationCanceledException or MqttCommunicationTimedOutException or TimeoutException)
        {
            return (new BrokerLook { Failure = BrokerFailure.Silent, FailureText = $"no answer within {Patience.TotalSeconds:0} s" }, null);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException(stop);
        }
        catch (Exception error)
        {
            var cause = error.GetBaseException();
            return (new BrokerLook { Failure = cause is AuthenticationException ? BrokerFailure.Tls : BrokerFailure.Unreachable, FailureText = cause.Message.TrimEnd('.') }, null);
        }
    }

    private MqttClientOptions Options(bool clean)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithClientId(questions.ClientId)
            .WithProtocolVersion(questions.IsMqtt5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311)
            .WithCleanSession(clean)
            .WithTimeout(Patience);
        if (questions.IsMqtt5 && !clean) builder.WithSessionExpiryInterval(questions.ExpirySeconds);
        address.Apply(builder);
        return builder.Build();
    }

    private async Task<IReadOnlyList<TopicAnswer>> TryTopicsAsync(IMqttClient client, BrokerLook look, CancellationToken stop)
    {
        var answers = new List<TopicAnswer>();
        foreach (var topic in questions.Topics)
        {
            if (look.MaximumQoS == 0) answers.Add(new TopicAnswer(topic, null, "not tried, since the broker takes QoS 0 only, where nothing is acknowledged"));
            else answers.Add(await TryTopicAsync(client, topic, stop));
        }

        return answers;
    }

    private async Task<TopicAnswer> TryTopicAsync(IMqttClient client, string topic, CancellationToken stop)
    {
        if (!client.IsConnected && (await ConnectAsync(client, clean: false, stop)).Failure is { } failure) return new TopicAnswer(topic, null, $"no connection: {failure.FailureText}");
        var message = new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(Payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);
        if (questions.IsMqtt5) message.WithMessageExpiryInterval(PayloadExpirySeconds);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(Patience);
        try
        {
            var result = await client.PublishAsync(message.Build(), deadline.Token);
            return new TopicAnswer(topic, (byte)result.ReasonCode, result.ReasonString);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException(stop);
        }
        catch (Exception error)
        {
            // Some brokers answer by ending the connection.
            if (client.IsConnected) return new TopicAnswer(topic, null, $"no acknowledgement within {Patience.TotalSeconds:0} s");
            return new TopicAnswer(topic, null, $"the broker has ended the connection: {_ended?.Text ?? error.GetBaseException().Message}".TrimEnd('.'));
        }
    }

    // Best effort: what is left over has no subscription, gets no message, and ends when its time is over.
    private async Task WipeAsync(IMqttClient client, CancellationToken stop)
    {
        try
        {
            await DisconnectAsync(client, stop);
            if ((await ConnectAsync(client, clean: true, stop)).Granted is not null) await DisconnectAsync(client, stop);
        }
        catch (Exception error) when (error is OperationCanceledException or MqttCommunicationException)
        {
        }
    }

    private static async Task DisconnectAsync(IMqttClient client, CancellationToken stop)
    {
        if (!client.IsConnected) return;
        try
        {
            await client.DisconnectAsync(new MqttClientDisconnectOptions(), stop);
        }
        catch (MqttCommunicationException)
        {
            // It ended by itself at the same moment.
        }
    }
}
