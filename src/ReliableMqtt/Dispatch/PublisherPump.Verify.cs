using ReliableMqtt.Ledger;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

// A process may have slept for longer than its lease lasts. So the lease is looked at after each CONNACK and before the first packet: when it is still held then, whoever
// takes over does so later, and with his CONNECT the broker ends this connection. Nothing of a fenced owner can reach the broker behind the winner's CONNACK.
internal sealed partial class PublisherPump
{
    private void Verify(VerifiedConnection connection)
    {
        var verifying = VerifyAsync(connection);
        if (verifying.IsCompletedSuccessfully) OnVerified(connection, _time.GetUtcNow());
        else _ = PostVerifiedAsync(connection, verifying);
    }

    private async Task PostVerifiedAsync(VerifiedConnection connection, Task verifying)
    {
        await verifying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (verifying.IsCompletedSuccessfully) Post(new(PumpInputKind.Verified) { Subject = connection });
    }

    private async Task VerifyAsync(VerifiedConnection connection)
    {
        for (var failures = 0; _connection == connection.Connection && _session == connection.Session; failures++)
        {
            try
            {
                var status = (await _ledger.RenewAsync(connection.Session.Epoch, _stopping.Token).ConfigureAwait(false)).Status;
                connection.IsHeld = status == LeaseStatus.Held;
                if (status != LeaseStatus.RolledBack) return;
                Post(new(PumpInputKind.RolledBack));
            }
            catch (LedgerUnavailableException error)
            {
                if (failures == 0) Log.ConnectionUnverified(_logger, connection.Connection.ConnectionId, error);
            }

            await Task.Delay(LedgerRetry, _time, _stopping.Token).ConfigureAwait(false);
        }
    }

    private void OnVerified(VerifiedConnection verified, DateTimeOffset now)
    {
        if (verified.Session != _session || verified.Connection != _connection) return;
        if (verified.IsHeld) _session.OnConnected(_connection, now);
        else Abandon(CommitStatus.Fenced);
    }
}

/// <summary>A connection that may be used for a session while the lease is held.</summary>
internal sealed record VerifiedConnection(PublishSession Session, ConnectionInfo Connection)
{
    public bool IsHeld { get; set; }
}
