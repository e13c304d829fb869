#region quick start
using ReliableMqtt;
using ReliableMqtt.Redis;
#endregion

// Not a namespace of ReliableMqtt: the usings have to be those that an application needs.
namespace Snippets;

/// <summary>Code of README.md, here so that it compiles.</summary>
internal static class QuickStart
{
    public static async Task RunAsync()
    {
        #region quick start

        await using var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
        {
            PublisherId = "plant-7-gateway", // MQTT client id and name of the ledger: the same after each restart
            Mqtt = client => client.WithTcpServer("localhost", 1883),
            Ledger = new RedisAckLedger("localhost:6379"), // or new InMemoryAckLedger(), which is gone with the process
        });
        var receipt = await publisher.PublishExactlyOnceAsync("plant/7/temperature", "21.5");
        Console.WriteLine($"{receipt.MessageId}: {receipt.Outcome}");
        #endregion
    }
}
