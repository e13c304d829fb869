namespace ReliableMqtt;

/// <summary>A message that the ledger has accepted: it will be delivered whether or not anybody waits for it.</summary>
public sealed class PendingPublish
{
    private readonly Func<CancellationToken, Task<PublishReceipt>> _wait;

    internal PendingPublish(PublishReceipt receipt, Func<CancellationToken, Task<PublishReceipt>> wait)
    {
        Receipt = receipt;
        _wait = wait;
    }

    /// <summary>The receipt at accept.</summary>
    public PublishReceipt Receipt { get; }

    /// <summary>The message id, by which <see cref="IReliablePublisher.GetReceiptAsync"/> finds the message from any process.</summary>
    public MessageId MessageId => Receipt.MessageId;

    /// <summary>True when a message with this id was known already and nothing was stored.</summary>
    public bool IsDuplicate => Receipt.IsDuplicate;

    /// <summary>Waits for the end of the message. Cancelling ends the wait, not the delivery.</summary>
    /// <returns>The final receipt, whatever the outcome; <see cref="PublishOutcome.Unknown"/> when the ledger no longer knows the message.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; the message stays in the ledger.</exception>
    /// <exception cref="ReliablePublishException">The publisher was disposed while the message was pending; the receipt says so.</exception>
    public Task<PublishReceipt> WaitForConfirmAsync(CancellationToken cancellationToken = default) => _wait(cancellationToken);
}
