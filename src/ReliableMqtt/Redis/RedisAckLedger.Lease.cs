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
    private volatile Ownership _held = Ownership.None;

    private readonly object _learning = new();
    private readonly PutAsideRecords _putAside = new();
    private DateTimeOffset? _missingSince;
    private string? _unansweredAcquire;

    /// <inheritdoc />
    /// <remarks>
    /// The lease is a key with an expiry (<c>SET … PX</c>) whose value is the token. On Linux the lease of a process that has ended on this machine, in the same
    /// pid namespace, is void at once. After a restart of Redis another process waits one lease longer, since the owner's memory is worth more than a quick takeover.
    /// </remarks>
    public override async ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);

        // Of a call without an answer it is not known whether it was granted: the next one repeats it.
        var nonce = _unansweredAcquire ?? NewNonce(16);
        var dead = "";
        while (true)
        {
            _unansweredAcquire = nonce;
            var reply = (RedisValue[])(await binding.Link.RunAsync(
                RedisScript.Acquire, [binding.Keys.Header, binding.Keys.Lease],
                [nonce, Milliseconds(binding.Options.LeaseDuration), OwnerDescription.Current.ToString(), _held.Token, dead], cancellationToken).ConfigureAwait(false))!;
            _unansweredAcquire = null;
            switch ((string)reply[0]!)
            {
                case "GRANTED":
                    _held = Ownership.None with { Token = (string)reply[1]!, Previous = (string?)reply[2] ?? "" };
                    return new LeaseGrant(new LedgerEpoch(_held.Token, _held.Previous));
                case "MISSING":
                    if (await CreateAbandonedAsync(binding, cancellationToken).ConfigureAwait(false)) break;
                    return new LeaseGrant(null, "nobody: the ledger was deleted, and its last owner goes first", binding.Options.LeaseDuration / 3);
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
    public override async ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        var options = binding.Options;
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Renew, [keys.Header, keys.Lease, keys.Backlog, keys.Done0, keys.Done1, keys.Dead, keys.DeadOrder, keys.Ids, keys.Never],
            [epoch.Token, Milliseconds(options.LeaseDuration), Milliseconds(options.DeduplicationWindow), Milliseconds(options.DeadLetterRetention)],
            cancellationToken).ConfigureAwait(false))!;
        var status = (int)reply[0] == 0 ? StatusOf(binding, epoch, (string)reply[1]!)
            : (int)reply[3] == 1 ? LeaseStatus.Held
            : await AttachAsync(binding, epoch, cancellationToken).ConfigureAwait(false);
        return new LeaseRenewal(status) { Lost = _held.Token == epoch.Token ? _held.Lost : [] };
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
            Learn(epoch.Token, held => held with { Operation = recovered.LastOperation, Tail = recovered.Tail });
            return recovered;
        }
    }

    /// <summary>Asks a server that has begun another life whether it still has all that this owner knows.</summary>
    private async Task<LeaseStatus> AttachAsync(Binding binding, LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var held = _held;
        if (held.Token != epoch.Token) return LeaseStatus.Fenced;
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Attach, [binding.Keys.Header], [epoch.Token, held.Operation, held.Tail, (string)binding.Keys.Wake!], cancellationToken).ConfigureAwait(false))!;
        switch ((string)reply[0]!)
        {
            case "ATTACHED":
                // The jump may be lost as well: then the next look finds that the tail is below what was known.
                if (reply[2] != "")
                    Learn(epoch.Token, known => known with
                    {
                        Tail = Math.Max(known.Tail, (long)reply[1]),
                        Lost = SequenceRanges.Merge(known.Lost.Append(new SequenceRange((long)reply[2], (long)reply[1]))),
                    });
                return LeaseStatus.Held;
            case "FENCED":
                return StatusOf(binding, epoch, (string)reply[1]!);
            default:
                Log.LedgerRolledBack(binding.Logger, binding.Options.PublisherId, held.Operation, held.Tail);
                return LeaseStatus.RolledBack;
        }
    }

    /// <summary>Another token stands where this epoch's should: a later one, or that of a time before it, when the server has lost the acquisition itself.</summary>
    private LeaseStatus StatusOf(Binding binding, LedgerEpoch epoch, string token)
    {
        if (token.Length > 0 && token != epoch.Previous)
        {
            Forget(epoch.Token);
            return LeaseStatus.Fenced;
        }

        Log.LedgerRolledBack(binding.Logger, binding.Options.PublisherId, _held.Operation, _held.Tail);
        return LeaseStatus.RolledBack;
    }

    /// <summary>Somebody else owns the ledger now: what this process knew is not the last word.</summary>
    private void Forget(string token) => Learn(token, _ => Ownership.None);

    private void Learn(string token, Func<Ownership, Ownership> change)
    {
        lock (_learning)
            if (_held.Token == token) _held = change(_held);
    }

    /// <summary>The ledger is gone. Its owner, if it lives, writes back what it knows; when it has had the time for that, another one begins.</summary>
    private async Task<bool> CreateAbandonedAsync(Binding binding, CancellationToken cancellationToken)
    {
        var now = binding.Link.Time.GetUtcNow();
        _missingSince ??= now;
        if (_held.Token.Length == 0 && now - _missingSince < binding.Options.LeaseDuration) return false;
        Log.LedgerMissing(binding.Logger, binding.Options.PublisherId);
        await CreateAsync(binding, cancellationToken).ConfigureAwait(false);
        _missingSince = null;
        return true;
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

    private sealed record Ownership(string Token, string Previous, long Operation, long Tail, IReadOnlyList<SequenceRange> Lost)
    {
        public static Ownership None { get; } = new("", "", 0, 0, []);

        public LedgerEpoch Epoch => new(Token, Previous);
    }
}
