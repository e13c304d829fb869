using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Profile;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture.Controls;

/// <summary>What applications do without the library: MQTTnet's own <c>PublishAsync</c> at QoS 2, called again until it succeeds, over connections that are cut.</summary>
internal static class NaiveRetry
{
    private const int Messages = 1_200, Cuts = 120;
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(1), Settled = TimeSpan.FromSeconds(2);

    /// <summary>What it does wrong.</summary>
    public static async Task<LegResult> ExecuteAsync(Run run, int seed)
    {
        var result = new LegResult(new LegPlan { Name = "naive retry", Seed = seed, Messages = Messages, QoS = [2] });
        var random = run.NewRandom($"naive {seed}");
        await using var broker = await MosquittoBroker.StartAsync();
        await using var counter = await DeliveryCounter.StartAsync(broker.Port);
        await using var proxy = CuttingProxy.Start(broker.Port);
        using var client = new MqttClientFactory().CreateMqttClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", proxy.Port).WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId("naive").WithCleanStart(false).WithSessionExpiryInterval(3_600).Build();
        for (long number = 2; number <= 2 * Messages; number += 2)
        {
            // Somewhere in the PUBLISH and its PUBREL, or in the PUBREC and the PUBCOMP.
            var direction = (Direction)random.Next(2);
            if (number % (2 * Messages / Cuts) == 0) proxy.CutAfter(direction, random.Next(direction == Direction.ToBroker ? 400 : 14));
            await PublishAsync(client, options, number, run.Stop);
        }

        await Patience.ReachesAsync(() => counter.Count, Messages, Settled, run.Stop);
        var delivered = DeliveryReport.Counts(counter.Deliveries);
        result.Messages[2] = Messages;
        result.Add(Violation.DuplicateAtQoS2, "naive", delivered.Where(entry => entry.Value > 1).Select(entry => entry.Key).Order());
        result.Add(Violation.Lost, "naive", Enumerable.Range(1, Messages).Select(number => 2L * number).Where(number => !delivered.ContainsKey(number)));
        return result;
    }

    private static async Task PublishAsync(IMqttClient client, MqttClientOptions options, long number, CancellationToken stop)
    {
        while (true)
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limited.CancelAfter(CallLimit);
            try
            {
                if (!client.IsConnected) await client.ConnectAsync(options, limited.Token);
                var message = new MqttApplicationMessageBuilder().WithTopic(PublishVerb.TopicOf(number)).WithPayload(PublishVerb.PayloadOf(number))
                    .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.ExactlyOnce).Build();
                if ((await client.PublishAsync(message, limited.Token)).IsSuccess) return;
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), stop);
            }
        }
    }
}
