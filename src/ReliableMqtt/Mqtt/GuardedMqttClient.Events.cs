using MQTTnet;
using MQTTnet.Diagnostics.PacketInspection;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

// The application's handlers live here, and hear of every MqttClient that comes and goes behind.
internal sealed partial class GuardedMqttClient
{
    private readonly object _inspectGate = new();
    private Func<InspectMqttPacketEventArgs, Task>? _inspect;

    public event Func<MqttApplicationMessageReceivedEventArgs, Task>? ApplicationMessageReceivedAsync;

    public event Func<MqttClientConnectedEventArgs, Task>? ConnectedAsync;

    public event Func<MqttClientConnectingEventArgs, Task>? ConnectingAsync;

    public event Func<MqttClientDisconnectedEventArgs, Task>? DisconnectedAsync;

    /// <summary>Passed on only while somebody listens: MqttClient copies every packet for it.</summary>
    public event Func<InspectMqttPacketEventArgs, Task>? InspectPacketAsync
    {
        add
        {
            lock (_inspectGate)
            {
                if (_inspect is null && value is not null && _inner is { } inner) inner.InspectPacketAsync += OnInspectAsync;
                _inspect += value;
            }
        }
        remove
        {
            lock (_inspectGate)
            {
                var had = _inspect is not null;
                _inspect -= value;
                if (had && _inspect is null && _inner is { } inner) inner.InspectPacketAsync -= OnInspectAsync;
            }
        }
    }

    public bool IsInspected => Volatile.Read(ref _inspect) is not null;

    private void Attach(MqttClient inner)
    {
        inner.ApplicationMessageReceivedAsync += ReceiveAsync;
        inner.ConnectingAsync += args => InvokeAsync(ConnectingAsync, args);
        // MqttClient would wait for these in its connect, and take an exception for a failed one.
        inner.ConnectedAsync += args => RunInBackground(nameof(ConnectedAsync), ConnectedAsync, args);
        inner.DisconnectedAsync += args => RunInBackground(nameof(DisconnectedAsync), DisconnectedAsync, args);
    }

    // A failing handler leaves its message unacknowledged, as with MqttClient itself.
    private async Task ReceiveAsync(MqttApplicationMessageReceivedEventArgs args)
    {
        if (args.ApplicationMessage.QualityOfServiceLevel != MQTTnet.Protocol.MqttQualityOfServiceLevel.ExactlyOnce)
        {
            await InvokeAsync(ApplicationMessageReceivedAsync, args).ConfigureAwait(false);
            return;
        }

        if (incomingIds.BeginHandling(args.PacketIdentifier) is not { } held)
        {
            args.ProcessingFailed = true;
            return;
        }

        var done = false;
        try
        {
            await InvokeAsync(ApplicationMessageReceivedAsync, args).ConfigureAwait(false);
            done = args.AutoAcknowledge && !args.ProcessingFailed;
        }
        finally
        {
            incomingIds.EndHandling(held, done);
        }
    }

    private Task OnInspectAsync(InspectMqttPacketEventArgs args) => InvokeAsync(_inspect, args);

    private Task RunInBackground<TArgs>(string name, Func<TArgs, Task>? handlers, TArgs args)
    {
        if (handlers is null) return Task.CompletedTask;
        _ = Task.Run(async () =>
        {
            try
            {
                await InvokeAsync(handlers, args).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.HandlerFailed(logger, name, e);
            }
        });
        return Task.CompletedTask;
    }

    private static async Task InvokeAsync<TArgs>(Func<TArgs, Task>? handlers, TArgs args)
    {
        if (handlers is null) return;
        foreach (var handler in handlers.GetInvocationList())
            await ((Func<TArgs, Task>)handler)(args).ConfigureAwait(false);
    }
}
