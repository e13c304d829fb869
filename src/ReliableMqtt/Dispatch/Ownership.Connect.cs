using ReliableMqtt.Ledger;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

// Before a CONNECT: with the client id of another process that owns the publisher id it would throw that one out.
internal sealed partial class Ownership
{
    private volatile Held? _held;
    private bool _heldBack;

    /// <summary>May a connection be made now?</summary>
    public async ValueTask<bool> MayConnectAsync(CancellationToken cancellationToken)
    {
        if (_held is not { } held) return false;
        try
        {
            var status = (await ledger.RenewAsync(held.Epoch, cancellationToken).ConfigureAwait(false)).Status;
            if (status == LeaseStatus.Held) Renewed(held.Epoch);
            else if (status == LeaseStatus.Fenced) _disobeyed.TrySetResult(CommitStatus.Fenced);
            else pump.Post(new(PumpInputKind.RolledBack)); // Whether it can be put right comes out in a moment.
            return status == LeaseStatus.Held;
        }
        catch (LedgerUnavailableException)
        {
            // As long as the lease runs nobody else can have it, and the application's client is of use without the ledger.
            var isCertain = time.GetElapsedTime(held.RenewedAt) < leaseDuration;
            if (!isCertain && !_heldBack) Log.ConnectHeldBack(logger, publisherId);
            _heldBack = !isCertain;
            return isCertain;
        }
    }

    private void Renewed(LedgerEpoch epoch) => _held = new Held(epoch, time.GetTimestamp());

    private sealed record Held(LedgerEpoch Epoch, long RenewedAt);
}
