using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// What the random operations are made of: mostly what an owner would do, now and then what it must not.
public abstract partial class AckLedgerConformance
{
    private sealed partial class ModelRun
    {
        private bool Chance(int percent) => random.Next(100) < percent;

        // Few names, so that they meet again; and sizes on both sides of what a ledger may hold for large.
        private LedgerRecord NewMessage() => suite.Message(
            (++_names).ToString(CultureInfo.InvariantCulture).PadRight(Chance(30) ? random.Next(900, 1_150) : 0), Chance(30) ? $"id-{random.Next(_names / 2, _names)}" : null, random.Next(1, 3));

        private MessageId AnyId()
        {
            var dead = Model.Dead;
            if (dead.Count > 0 && Chance(50)) return dead[random.Next(dead.Count)].MessageId;
            return Model.Outcomes.Count == 0 ? "nobody" : Model.Outcomes.Keys.ElementAt(random.Next(Model.Outcomes.Count));
        }

        private LedgerCommit MakeCommit()
        {
            // Half of the time the owner has not seen what others appended since its last commit.
            if (Chance(50)) _owner.Tail = Model.Tail;
            var entries = Model.InFlight.OrderBy(_ => random.Next()).ToList();
            var free = new Queue<PacketId>(Enumerable.Range(1, 40).Select(i => new PacketId((ushort)i))
                .Where(id => Chance(2) || Model.InFlight.TrueForAll(entry => entry.PacketId != id)).OrderBy(_ => random.Next()));

            List<InflightEntry> Take(int most) => Chance(60) ? [.. entries.Where(_ => Chance(50)).Take(random.Next(most + 1))] : [];
            List<InflightEntry> Once(int most)
            {
                var taken = Take(most);
                if (!Chance(2)) entries.RemoveAll(taken.Contains);
                return taken;
            }

            var commit = _owner.Next() with
            {
                Confirms = [.. Once(6).Select(entry => LedgerOwner.Confirm(entry.Record, entry.PacketId.Value))],
                DeadLetters = [.. Once(2).Select(entry => LedgerOwner.Dead(entry.Record, entry.PacketId.Value))],
                Moves = [.. Once(2).Select(entry => new MoveOp(entry.PacketId, Chance(50) ? entry.PacketId : free.Dequeue(), AnyState(entry)))],
                Releases = [.. Take(4).Where(entry => Chance(3) || CanRelease(entry)).Select(entry => new ReleaseOp(entry.PacketId, random.Next(1_000)))],
                Session = Chance(10) ? (BrokerSession)random.Next(3) : null,
            };

            var backlog = Model.Backlog.TakeWhile(record => record.Sequence <= _owner.Tail).ToList();
            if (Chance(2) && backlog.Count > 1) backlog.RemoveAt(0);
            var drops = backlog.Take(Chance(20) ? random.Next(3) : 0).ToList();
            var assigns = backlog.Skip(drops.Count).Take(Chance(70) ? random.Next(1, 12) : 0).ToList();
            var direct = drops.Count + assigns.Count == backlog.Count || Chance(3);
            var appends = Enumerable.Range(0, Chance(60) ? random.Next(5) : 0).Select(i => (NewMessage(), direct && i < 2 ? free.Dequeue().Value : (ushort?)null));
            return commit with
            {
                Drops = [.. drops.Select(record => new DropOp(record.Sequence, record.MessageId, Chance(50) ? null : new DeadLetterReason(DeadLetterCause.Poison)))],
                Assigns = [.. assigns.Select(record => new AssignOp(record.Sequence, free.Dequeue()))],
                Appends = _owner.Stamp([.. appends]),
            };
        }

        private static bool CanRelease(InflightEntry entry) =>
            entry.State.Stage == InflightStage.Sent && entry.Record.QualityOfService == MQTTnet.Protocol.MqttQualityOfServiceLevel.ExactlyOnce;

        private InflightState AnyState(InflightEntry entry)
        {
            var parked = Chance(50);
            return new InflightState(
                parked ? InflightStage.Parked : InflightStage.Sent, new SendOrder(entry.Record.Sequence, random.Next(5)), 0,
                entry.State.Refusals + 1, parked ? suite.Now.AddMilliseconds(random.Next(5_000)) : null);
        }
    }
}
