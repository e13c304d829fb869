using ReliableMqtt.Ledger;
using ReliableMqtt.Telemetry;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// The owner's group commit.
public sealed partial class RedisAckLedger
{
    private RedisKey[]? _commitKeys;

    /// <inheritdoc />
    /// <remarks>One <c>EVALSHA</c> for all that the commit says. While Redis is at its <c>maxmemory</c> appends are refused and all else goes on.</remarks>
    public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var binding = Bound(cancellationToken);
        CommitRules.Check(commit, binding.Nonce);
        var reply = await RunAsync(binding, commit, cancellationToken).ConfigureAwait(false);
        while (reply[0] == "UNVERIFIED")
        {
            if (_held.Token != commit.Epoch.Token) throw new LedgerUnavailableException("Redis was restarted, and the owner has not looked yet at what is left.");
            var status = await AttachAsync(binding, commit.Epoch, cancellationToken).ConfigureAwait(false);
            if (status != LeaseStatus.Held) return new CommitResult { Status = status == LeaseStatus.Fenced ? CommitStatus.Fenced : CommitStatus.RolledBack };
            reply = await RunAsync(binding, commit, cancellationToken).ConfigureAwait(false);
        }

        switch ((string)reply[0]!)
        {
            case "FENCED":
                return StatusOf(binding, commit.Epoch, (string)reply[1]!) == LeaseStatus.RolledBack
                    ? new CommitResult { Status = CommitStatus.RolledBack }
                    : new CommitResult { Status = CommitStatus.Fenced, Earlier = Earlier(reply) };
            case "ROLLEDBACK":
                Log.LedgerRolledBack(binding.Logger, binding.Options.PublisherId, commit.Operation - 1, commit.ExpectedTail);
                return new CommitResult { Status = CommitStatus.RolledBack };
            case "BAD":
                throw CommitRules.Refused(commit, (string)reply[1]!);
            case "KNOWN":
                return Answer(CommitStatus.KnownIds, reply) with { Known = Known(commit, reply) };
            case var status:
                var result = Applied(reply);
                Learn(commit.Epoch.Token, held => held with { Operation = Math.Max(held.Operation, commit.Operation), Tail = Math.Max(held.Tail, result.Tail) });
                return result;
        }
    }

    private async Task<RedisValue[]> RunAsync(Binding binding, LedgerCommit commit, CancellationToken cancellationToken)
    {
        var keys = binding.Keys;
        _commitKeys ??= [keys.Header, keys.Inflight, keys.State, keys.Backlog, keys.Dead, keys.DeadOrder, keys.Ids, keys.Done0, keys.Done1, keys.Ended, keys.Never];
        var notices = Notices(binding, commit);
        try
        {
            var arguments = CommitArguments.Of(commit, binding.Options, isOutOfMemory: false, notices);
            var (answer, calls) = await binding.Link.RunCountedAsync(RedisScript.Commit, _commitKeys, arguments.Values, cancellationToken).ConfigureAwait(false);
            if (calls == 1) arguments.GiveBack();
            return (RedisValue[])answer!;
        }
        catch (LedgerUnavailableException error) when (RedisLink.IsOutOfMemory(error) && commit.Appends.Count > 0)
        {
            // The same operation without its appends. Should a copy of the whole one still come through, only the first of the two counts.
            var arguments = CommitArguments.Of(commit, binding.Options, isOutOfMemory: true, notices);
            return (RedisValue[])(await binding.Link.RunAsync(RedisScript.Commit, _commitKeys, arguments.Values, cancellationToken).ConfigureAwait(false))!;
        }
    }

    private (string Channel, string Text)[] Notices(Binding binding, LedgerCommit commit)
    {
        if (FinishNotices.Of(commit, _acceptorName) is not { } ends) return [];
        var notices = new List<(string, string)>();
        foreach (var (acceptor, answers) in ends) notices.Add(((string)binding.Keys.Finished(acceptor)!, FinishText.Format(binding.Nonce, answers)));
        return [.. notices];
    }

    private static CommitResult Applied(ReadOnlySpan<RedisValue> reply) =>
        Answer(reply[0] == "APPLIED" ? CommitStatus.Applied : CommitStatus.AppendsRefused, reply) with { FirstMoved = (long)reply[3] };

    private static CommitResult? Earlier(RedisValue[] reply) => reply.Length switch
    {
        2 => null,
        3 => new CommitResult { Status = CommitStatus.Fenced },
        _ => Applied(reply.AsSpan(2)),
    };

    private static CommitResult Answer(CommitStatus status, ReadOnlySpan<RedisValue> reply) => new() { Status = status, Tail = (long)reply[1], BacklogCount = (long)reply[2] };

    private static KnownAppend[] Known(LedgerCommit commit, RedisValue[] reply)
    {
        var known = new KnownAppend[(reply.Length - 3) / 2];
        for (var i = 0; i < known.Length; i++)
        {
            var index = (int)reply[3 + (2 * i)] - 1;
            known[i] = new KnownAppend(index, StatusText.Parse(commit.Appends[index].Record.MessageId, (string)reply[4 + (2 * i)]!));
        }

        return known;
    }
}
