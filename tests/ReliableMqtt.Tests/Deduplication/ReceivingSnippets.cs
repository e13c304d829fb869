#region use
using ReliableMqtt.Deduplication;
using ReliableMqtt.Redis;
#endregion
using System.Data.Common;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

// Not a namespace of ReliableMqtt: the usings have to be those that an application needs.
namespace Snippets;

/// <summary>Code of docs/receiving.md, here so that it compiles.</summary>
internal static class ReceivingSnippets
{
    public static async Task UseAsync(IMqttClient client)
    {
        #region use

        var store = new RedisProcessedMessageStore("localhost:6379", receiverId: "stock");
        await using var receiver = client.UseDeduplication(store, async (received, cancel) =>
        {
            await StoreAsync(received.Message, cancel); // Throw when it did not work: it is called again.
        });
        await client.ConnectAsync(new MqttClientOptionsBuilder()
            .WithTcpServer("localhost", 1883)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId("stock-1").WithCleanStart(false).WithSessionExpiryInterval(7 * 24 * 3600) // The broker keeps what this process misses.
            .Build());
        await client.SubscribeAsync("plant/#", MqttQualityOfServiceLevel.AtLeastOnce);
        #endregion
    }

    public static async Task CommitAsync(IMqttClient client, RedisProcessedMessageStore store)
    {
        #region transaction
        await using var receiver = client.UseDeduplication(store, (received, cancel) =>
            store.CommitAsync(received, transaction => transaction.HashIncrementAsync("stock", received.Message.Topic), cancel));
        #endregion
    }

    public static async Task TableAsync(IMqttClient client, ProcessedMessageStore store, DbDataSource dataSource)
    {
        #region table
        await using var receiver = client.UseDeduplication(store, async (received, cancel) =>
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancel);
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            // create table processed (publisher text, message text, primary key (publisher, message))
            var key = received.Key!.Value;
            if (await ExecuteAsync(transaction, "insert into processed values (@0, @1) on conflict do nothing", key.PublisherId, key.MessageId) == 0) return; // A copy.
            await ExecuteAsync(transaction, "update stock set level = level + 1 where topic = @0", received.Message.Topic);
            await transaction.CommitAsync(cancel);
        });
        #endregion
    }

    public static DeduplicationOptions Select()
    {
        #region selector
        var options = new DeduplicationOptions { KeySelector = message => new DeduplicationKey("meter", ReadId(message.Payload.FirstSpan)) };
        #endregion
        return options;
    }

    private static string ReadId(ReadOnlySpan<byte> payload) => Convert.ToHexString(payload[..8]);

    private static async Task StoreAsync(MqttApplicationMessage message, CancellationToken cancel) => await Task.Delay(message.Topic.Length, cancel);

    private static Task<int> ExecuteAsync(DbTransaction transaction, string text, params string[] values) => Task.FromResult(text.Length + values.Length + transaction.GetHashCode());
}
