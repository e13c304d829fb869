using MQTTnet.Protocol;
using ReliableMqtt;

namespace Snippets;

/// <summary>Code of README.md, here so that it compiles.</summary>
internal static class Publishing
{
    public static async Task WaitAsync(IReliablePublisher publisher)
    {
        #region publishing
        // Accept, send, wait for the broker's confirm; throws when it does not come.
        PublishReceipt receipt = await publisher.PublishAsync("plant/7/temperature", "21.5", MqttQualityOfServiceLevel.AtLeastOnce);

        // Accept now, wait later or never. With an id of the application's, doing it twice stores one message.
        PendingPublish pending = await publisher.EnqueueAsync(
            "plant/7/alarm", "on", MqttQualityOfServiceLevel.ExactlyOnce, new PublishOptions { MessageId = "alarm-4711" });
        PublishReceipt later = await pending.WaitForConfirmAsync();
        PublishReceipt asked = await publisher.GetReceiptAsync("alarm-4711");

        // Every outcome of the message as data.
        PublishReceipt tried = await publisher.TryPublishAsync(new PublishMessage("plant/7/state", new byte[] { 1 }));
        #endregion
        _ = (receipt, later, asked, tried);
    }

    public static async Task CatchAsync(IReliablePublisher publisher)
    {
        #region exceptions
        try
        {
            await publisher.PublishAsync("plant/7/temperature", "21.5");
        }
        catch (PublishRejectedException refused)
        {
            Console.WriteLine($"refused with 0x{refused.ReasonCode:X2}, and among the dead letters");
        }
        catch (ReliablePublishException failed) when (failed.Receipt.Outcome == PublishOutcome.Pending)
        {
            Console.WriteLine($"not confirmed yet, but in the ledger: {failed.Message}");
        }
        #endregion
    }
}
