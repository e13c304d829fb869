using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Telemetry;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// Who dispatches, and what a new owner must know.
public sealed partial class RedisAckLedger
{
    /// <summary>The epoch that this object acquired last, and what it knows to be stored: a server that knows less has lost writes.</summary>
    private Ownership _held = new("", 0, 0);

    /// <inheritdoc />
    /// <remarks>
    /// The lease is a key with an expiry (<c>SET … PX</c>) whose value is the token. On Linux the lease of a process that has ended on this machine, in the same
    /// pid namespace, is void at once. After a restart of Redis another process waits one lease longer, since the owner's memory is worth more than a quick takeover.
    /// </remarks>
    public override async ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var nonce = NewNonce(16);
        var dead = "";
        while (true)
        {
            var reply = (RedisValue[])(await binding.Link.RunAsync(
                RedisScript.Acquire, [binding.Keys.Header, binding.Keys.Lease],
                [nonce, Milliseconds(binding.Options.LeaseDuration), OwnerDescription.Current.ToString(), _held.Token, dead], cancellationToken).ConfigureAwait(false))!;
            switch ((string)reply[0]!)
            {
                case "GRANTED":
                    _held = new Ownership((string)reply[1]!, 0, 0);
                    return new LeaseGrant(new LedgerEpoch(_held.Token));
                case "MISSING":
                    // Deleted under our feet. What this process has in memory of the old one is the pump's to report; here a new one begins.
                    Log.LedgerMissing(binding.Logger, binding.Options.PublisherId);
                    await CreateAsync(binding, cancellationToken).ConfigureAwait(false);
                    break;
                case var _ when dead.Length == 0 && IsDead((string)reply[3]!):
                    dead = (string)reply[4]!;
                    break;
                default:
                    var left = TimeSpan.FromMilliseconds(Math.Clamp((long)reply[2], 1, Milliseconds(binding.Options.LeaseDuration)));
                    return new LeaseGrant(null, reply[1] == "grace" ? "nobody: after a restart of Redis the last owner goes first" : (string)reply[3]!, left);
            }
        }
    }

    /// <inheritdoc />
    public override async ValueTask<bool> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        var options = binding.Options;
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Renew, [keys.Header, keys.Lease, keys.Backlog, keys.Done0, keys.Done1, keys.Dead, keys.DeadOrder, keys.Ids],
            [epoch.Token, Milliseconds(options.LeaseDuration), Milliseconds(options.DeduplicationWindow), Milliseconds(options.DeadLetterRetention)],
            cancellationToken).ConfigureAwait(false))!;
        if ((int)reply[0] == 0) return false;
        return (int)reply[3] == 1 || await AttachAsync(binding, epoch.Token, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public override async ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        await binding.Link.RunAsync(
            RedisScript.Release, [binding.Keys.Header, binding.Keys.Lease], [epoch.Token, (string)binding.Keys.Wake!], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    /// <remarks>A record that cannot be read is moved to the key <c>…:quarantine</c> with its reason, and the others are returned; the session then ends before its packet id is used again.</remarks>
    public override async ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        while (true)
        {
            var reply = (RedisResult[])(await binding.Link.RunAsync(
                RedisScript.Recover, [keys.Header, keys.Inflight, keys.State, keys.Backlog], [epoch.Token], cancellationToken).ConfigureAwait(false))!;
            if ((string)reply[0]! == "FENCED")
                throw new LedgerFencedException("The epoch is stale: the lease was given back, or another process has acquired it.");
            binding.Nonce = ulong.Parse((string)reply[5]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            var states = ((RedisValue[])reply[7]!).Chunk(2).ToDictionary(pair => (string)pair[0]!, pair => (string?)pair[1]);
            var entries = new List<InflightEntry>();
            var unreadable = 0;
            foreach (var pair in ((RedisValue[])reply[6]!).Chunk(2))
            {
                if (TryReadEntry(pair[0], pair[1], states.GetValueOrDefault((string)pair[0]!), binding.Nonce, (long)reply[2], out var entry, out var problem)) entries.Add(entry!);
                else
                {
                    unreadable++;
                    await QuarantineAsync(binding, "inflight", keys.Inflight, pair[0], pair[1], problem!, epoch.Token, cancellationToken).ConfigureAwait(false);
                }
            }

            // Once more: the session may have changed by it.
            if (unreadable > 0) continue;
            var recovered = new RecoveredState((long)reply[1], (long)reply[2], (long)reply[3], SessionText.Parse((string)reply[4]!), entries, binding.Nonce);
            if (_held.Token == epoch.Token) _held = new Ownership(epoch.Token, recovered.LastOperation, recovered.Tail);
            return recovered;
        }
    }

    /// <summary>Asks a server that has begun another life whether it still has all that this owner knows. False: it has not, or somebody else owns it.</summary>
    private async Task<bool> AttachAsync(Binding binding, string token, CancellationToken cancellationToken)
    {
        var held = _held;
        if (held.Token != token) return false;
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Attach, [binding.Keys.Header], [token, held.Operation, held.Tail], cancellationToken).ConfigureAwait(false))!;
        if (reply[0] == "ATTACHED") return true;
        if (reply[0] == "ROLLEDBACK") Log.LedgerRolledBack(binding.Logger, binding.Options.PublisherId, held.Operation, held.Tail);
        return false;
    }

    private static bool TryReadEntry(
        RedisValue packetId, RedisValue bytes, string? state, ulong nonce, long tail, out InflightEntry? entry, out string? problem)
    {
        entry = null;
        if (!TryRead(bytes, nonce, tail, out var record, out problem)) return false;
        var field = (string)packetId!;
        if (!ushort.TryParse(field, CultureInfo.InvariantCulture, out var id) || id is < PacketId.Min or > PacketId.Max)
        {
            problem = $"stands under '{field}', which is not a packet id of a publisher";
            return false;
        }

        try
        {
            entry = new InflightEntry(new PacketId(id), record, StateText.Parse(state, record.Sequence));
            return true;
        }
        catch (Exception error) when (error is FormatException or OverflowException or ArgumentException)
        {
            problem = $"has a state that cannot be read: {error.Message}";
            return false;
        }
    }

    private static bool IsDead(string description) => OwnerDescription.TryParse(description, out var owner) && OwnerDescription.Current.IsDeadForSure(owner);

    // Whole milliseconds, at least one; as many as a number of Lua holds for sure.
    private static long Milliseconds(TimeSpan time) => (long)Math.Clamp(time.TotalMilliseconds, 1, 1L << 50);

    private sealed record Ownership(string Token, long Operation, long Tail);
}
