using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>One life of a process: the real pump and the real ownership, on simulated surroundings.</summary>
internal sealed class SimProcess
{
    private readonly SimWorld _world;
    private readonly List<SimMessage> _open = [];
    private readonly List<FlushWaiter> _flushes = [];
    private readonly List<(SimMessage Message, EndWaiter Waiter)> _waiters = [];
    private bool _turnIsDue;

    public SimProcess(SimWorld world, int slot, int life)
    {
        (_world, Slot, Name) = (world, slot, $"{(char)('a' + slot)}{life}");
        Clock = new SimClock(world, this);
        var plan = world.Plan;
        var settings = new SessionSettings
        {
            MaxInFlight = plan.MaxInFlight,
            MaxBatch = plan.MaxBatch,
            Prefetch = plan.Prefetch,
            MaxAttempts = plan.MaxAttempts,
            SessionLossPolicy = plan.SessionLossPolicy,
            Ordering = plan.Ordering,
            Overflow = plan.Overflow,
            PoisonsHandshakes = plan.PoisonsHandshakes,
            ConfirmLag = TimeSpan.FromMilliseconds(plan.Seed % 3 * 5),
            RetryDelay = attempt => world.Delay(SimStream.Application, 500 << Math.Min(attempt, 5)),
        };
        var logger = new SimLogger(world);
        Ledger = new SimLedger(world, this);
        Link = new SimLink(world, this);
        Pump = new PublisherPump(Ledger, Clock, logger, turnsItself: false) { Wire = Link, Settings = settings };
        Ownership = new Ownership(SimWorld.PublisherId, Ledger, Pump, settings, SimStore.Lease, Clock, logger)
        {
            AcceptOnly = plan.LastOnlyAccepts && slot == plan.Processes - 1,
            Changed = isOwner =>
            {
                if (isOwner) Link.Start();
                else Link.Suspend();
            },
        };
    }

    public int Slot { get; }

    public string Name { get; }

    public SimClock Clock { get; }

    public SimLedger Ledger { get; }

    public SimLink Link { get; }

    public PublisherPump Pump { get; }

    public Ownership Ownership { get; }

    public bool IsDead { get; private set; }

    public DateTimeOffset SleepsUntil { get; set; }

    public bool IsAsleep => _world.Now < SleepsUntil;

    /// <summary>Ids of what it has accepted.</summary>
    public IReadOnlyList<MessageId> AcceptedIds => [.. _world.Messages.All.Where(message => message.Process == this && message.IsAccepted).Select(message => message.Ticket.Answer!.Value.MessageId)];

    /// <summary>Everybody who waits has his answer.</summary>
    public bool IsSettled => _open.Count == 0 && _flushes.Count == 0 && _waiters.Count == 0;

    public void Start()
    {
        _world.Trace.Note(_world, "starts", Name);
        _ = Ownership.RunAsync(CancellationToken.None);
    }

    public void Die()
    {
        _world.Trace.Note(_world, "dies", Name);
        IsDead = true;
        Link.Die();
        _ = Ledger.DisposeAsync().AsTask();
    }

    public void Publish(SimPublish plan)
    {
        var record = new LedgerRecord
        {
            Topic = $"m{plan.Number}",
            QualityOfService = (MqttQualityOfServiceLevel)plan.Qos,
            MessageId = plan.Id == 0 ? default : new MessageId($"id-{plan.Id}"),
            AcceptedAt = _world.Now,
            ExpiresAt = plan.ExpiresInMilliseconds == 0 ? null : _world.Now.AddMilliseconds(plan.ExpiresInMilliseconds),
            Retain = plan.Retain,
        };
        var ticket = new PublishTicket(plan.WantsConfirm) { Record = record };
        var message = new SimMessage(plan, record, ticket, this);
        _world.Messages.Add(message);
        _world.Trace.Note(_world, $"publishes in {Name}", record.Topic, plan.Qos);
        _open.Add(message);
        Pump.Post(new(PumpInputKind.Publish) { Record = record, Subject = ticket });
    }

    public void Withdraw()
    {
        if (_open.FindLast(message => message.Ticket.Answer is null) is not { } last) return;
        var isBack = last.Ticket.TryWithdraw();
        _world.Trace.Note(_world, "withdraws", last.Topic, isBack ? 1 : 0);
        // Who has taken his message back does not wait for it any more: it is not stored, or an earlier attempt may have stored it, and he is told which.
        if (isBack) last.Ticket.LetGo();
    }

    public void Flush()
    {
        var flush = new FlushWaiter();
        _flushes.Add(flush);
        Pump.Post(new(PumpInputKind.Flush) { Subject = flush });
    }

    /// <summary>Something has happened: is there a turn to be made, and does anybody have his answer?</summary>
    public void Look()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            if (!_open[i].Ticket.Done.IsCompleted) continue;
            _world.Messages.OnAnswered(_open[i]);
            if (_open[i] is { IsAccepted: true, Ticket.WantsConfirm: false } accepted) Await(accepted);
            _open.RemoveAt(i);
        }

        for (var i = _waiters.Count - 1; i >= 0; i--)
        {
            if (!_waiters[i].Waiter.Source.Task.IsCompletedSuccessfully) continue;
            _world.Messages.OnReceipt(_waiters[i].Message, _waiters[i].Waiter.Source.Task.Result);
            _waiters.RemoveAt(i);
        }

        _flushes.RemoveAll(flush => flush.Source.Task.IsCompleted);
        if (_turnIsDue || !Pump.HasInput) return;
        _turnIsDue = true;
        _world.After(_world.Delay(SimStream.Turns, 2), this, $"{Name} turn", Turn);
    }

    /// <summary>Who has asked for the accept alone may ask for the end later.</summary>
    private void Await(SimMessage message)
    {
        var answer = message.Ticket.Answer!.Value;
        var waiter = new EndWaiter(answer.Sequence, answer.MessageId, new TaskCompletionSource<PublishReceipt?>());
        _waiters.Add((message, waiter));
        Pump.Post(new(PumpInputKind.Await) { Subject = waiter });
    }

    private void Turn()
    {
        _turnIsDue = false;
        Pump.TakeTurn();
    }

    /// <summary>Errors that the code under test would survive are found here.</summary>
    private sealed class SimLogger(SimWorld world) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Error || exception is null or LedgerUnavailableException or LedgerFencedException) return;
            world.Fail(exception as ViolationException ?? new ViolationException($"{formatter(state, exception)} {exception}"));
        }
    }
}
