using System.Threading.Channels;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Who has accepted a message without the lease is told its end.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task An_acceptor_is_told_each_end_of_its_messages_by_id_and_sequence()
    {
        var owner = await OpenOwnerAsync();
        var acceptor = await OpenAsync();
        var told = Listen(acceptor);
        var accepted = await acceptor.AcceptAsync([Message("a"), Message("b", "id with blanks"), Message("c"), Message("d", "id-4")], Cancel);
        await Assigned(owner, accepted, 3);

        var records = await RecoveredAsync(owner);
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [Confirmed(records[1], 1, 0x10), Confirmed(records[2], 2, 0)],
            DeadLetters = [new DeadLetterOp(new PacketId(3), records[3].Sequence, records[3].MessageId, new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "no"), records[3].Acceptor)],
            Drops = [new DropOp(accepted[3].Sequence, accepted[3].MessageId, null, records[1].Acceptor)],
        });

        var ends = new List<StatusAnswer>();
        while (ends.Count < 4) ends.Add(await told.ReadAsync());
        Assert.Equal(
            [(accepted[0].MessageId, LedgerStatus.Confirmed, accepted[0].Sequence, (byte?)0x10), (accepted[1].MessageId, LedgerStatus.Confirmed, accepted[1].Sequence, (byte?)0),
                (accepted[2].MessageId, LedgerStatus.DeadLettered, accepted[2].Sequence, (byte?)0x87), (accepted[3].MessageId, LedgerStatus.Expired, accepted[3].Sequence, null)],
            ends.OrderBy(end => end.Sequence).Select(end => (end.MessageId, end.Status, end.Sequence, end.ReasonCode)));
    }

    [Fact]
    public async Task Only_the_acceptor_is_told_and_not_of_what_the_owner_appended_itself()
    {
        var owner = await OpenOwnerAsync();
        var acceptor = await OpenAsync();
        var (told, tooMany, own) = (Listen(acceptor), Listen(await OpenAsync()), Listen(owner.Ledger));
        var appended = Assert.Single(await owner.SendAsync(9, Message("own")));
        var self = Assert.Single(await owner.Ledger.AcceptAsync([Message("self")], Cancel));
        var accepted = await acceptor.AcceptAsync([Message("a")], Cancel);
        owner.Tail = accepted[0].Sequence;
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(self.Sequence, new PacketId(1)), new AssignOp(accepted[0].Sequence, new PacketId(2))] });
        var records = await RecoveredAsync(owner);

        await owner.CommitAsync(commit => commit with { Confirms = [LedgerOwner.Confirm(appended, 9), Confirmed(records[1], 1, 0), Confirmed(records[2], 2, 0)] });

        Assert.Equal(accepted[0].MessageId, (await told.ReadAsync()).MessageId);
        Assert.True(told.IsEmpty && tooMany.IsEmpty && own.IsEmpty);
    }

    [Fact]
    public async Task A_repeated_accept_after_a_takeover_still_names_its_acceptor()
    {
        var first = await OpenOwnerAsync();
        var acceptor = await OpenAsync();
        var told = Listen(acceptor);
        var accepted = Assert.Single(await acceptor.AcceptAsync([Message("a")], Cancel));
        await Assigned(first, [accepted], 1);

        var next = await TakeOverAsync(first);
        var record = Assert.Single(next.Recovered.InFlight).Record;
        await next.CommitAsync(commit => commit with { Confirms = [Confirmed(record, 1, 0)] });

        Assert.Equal((accepted.MessageId, LedgerStatus.Confirmed), (await told.ReadAsync()) is var end ? (end.MessageId, end.Status) : default);
    }

    private static ConfirmOp Confirmed(LedgerRecord record, ushort packetId, byte code) =>
        new(new PacketId(packetId), record.Sequence, record.MessageId, code, record.Acceptor);

    /// <summary>Puts the first of these messages in flight, under the packet ids from 1 on.</summary>
    private static Task<CommitResult> Assigned(LedgerOwner owner, IReadOnlyList<AcceptAnswer> accepted, int count)
    {
        owner.Tail = accepted[^1].Sequence;
        return owner.CommitAsync(commit => commit with
        {
            Assigns = [.. accepted.Take(count).Select((answer, i) => new AssignOp(answer.Sequence, new PacketId((ushort)(i + 1))))],
        });
    }

    private static async Task<Dictionary<int, LedgerRecord>> RecoveredAsync(LedgerOwner owner) =>
        (await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight.ToDictionary(entry => (int)entry.PacketId.Value, entry => entry.Record);

    private static Told Listen(AckLedger ledger)
    {
        var told = new Told();
        ledger.Finished += told.Add;
        return told;
    }

    private sealed class Told
    {
        private readonly Channel<StatusAnswer> _answers = Channel.CreateUnbounded<StatusAnswer>();

        public bool IsEmpty => _answers.Reader.Count == 0;

        public void Add(IReadOnlyList<StatusAnswer> answers)
        {
            foreach (var answer in answers) _answers.Writer.TryWrite(answer);
        }

        public async Task<StatusAnswer> ReadAsync() => await _answers.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }
}
