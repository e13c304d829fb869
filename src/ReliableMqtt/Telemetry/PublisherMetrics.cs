using System.Diagnostics.Metrics;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;
using Names = ReliableMqtt.ReliableMqttTelemetry;

namespace ReliableMqtt.Telemetry;

/// <summary>The metrics of one publisher. Nothing here asks the ledger: what is observed was learned before.</summary>
internal sealed class PublisherMetrics : IDisposable
{
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] UpToADay = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

    private readonly Meter _meter;
    private readonly bool _ownsMeter;
    private readonly KeyValuePair<string, object?> _publisher;
    private readonly Counter<long> _sent, _accepted, _confirmed, _republished, _rejected, _expired, _deadLettered, _deduplicated;
    private readonly Histogram<double> _operation, _delivery, _backpressure, _ledger;
    private volatile Func<PublisherStatus>? _status;
    private LedgerStatistics? _statistics;

    /// <param name="factory">Makes the meter; null for one of our own.</param>
    /// <param name="publisherId">Told with everything.</param>
    /// <param name="status">What is observed.</param>
    public PublisherMetrics(IMeterFactory? factory, string publisherId, Func<PublisherStatus> status)
    {
        var version = typeof(PublisherMetrics).Assembly.GetName().Version?.ToString(3);
        _meter = factory?.Create(Names.MeterName, version) ?? new Meter(Names.MeterName, version);
        _ownsMeter = factory is null;
        _publisher = new(Names.PublisherIdAttribute, publisherId);
        _status = status;
        _sent = Counter(Names.SentMessages, "PUBLISH packets handed to a connection.");
        _accepted = Counter(Names.AcceptedMessages, "Messages accepted into the ledger.");
        _confirmed = Counter(Names.ConfirmedMessages, "Messages that the broker has confirmed.");
        _republished = Counter(Names.RepublishedMessages, "PUBLISH packets that were not the first of their message.");
        _rejected = Counter(Names.RejectedMessages, "Messages that became dead letters since the broker refused them.");
        _expired = Counter(Names.ExpiredMessages, "Messages that expired before they were sent.");
        _deadLettered = Counter(Names.DeadLetteredMessages, "Messages that became dead letters.");
        _deduplicated = Counter(Names.DeduplicatedMessages, "Calls with a message id that the ledger knew already.");
        _operation = Histogram(Names.OperationDuration, "From the last PUBLISH or PUBREL of a message to the ack that ended it.", Seconds);
        _delivery = Histogram(Names.DeliveryDuration, "From the accept to the confirm.", UpToADay);
        _backpressure = Histogram(Names.BackpressureDuration, "How long the ledger was full.", UpToADay);
        _ledger = Histogram(Names.LedgerOperationDuration, "Calls of the ledger.", Seconds);
        _meter.CreateObservableUpDownCounter(Names.InFlight, () => Observe(status => status.InFlight), "{message}", "Messages with a packet id.");
        _meter.CreateObservableCounter(Names.Reconnects, () => Observe(status => status.Reconnects), "{reconnect}", "Connections that followed an earlier one.");
        _meter.CreateObservableUpDownCounter(Names.LedgerMessageCount, ObserveLedger, "{message}", "Messages in the ledger.");
        _meter.CreateObservableCounter(Names.LedgerMessages, ObserveTotals, "{message}", "What has happened in the ledger since it was made.");
        _meter.CreateObservableGauge(Names.OldestMessageAge, ObserveAge, "s", "How long the oldest unfinished message has waited.");
    }

    public void OnAccepted() => _accepted.Add(1, _publisher);

    public void OnKnown() => _deduplicated.Add(1, _publisher);

    public void OnCounted(LedgerStatistics statistics) => Volatile.Write(ref _statistics, statistics);

    public void OnSent(ReadOnlySpan<OutboundPacket> packets)
    {
        if (!_sent.Enabled && !_republished.Enabled) return;
        foreach (ref readonly var packet in packets)
        {
            if (packet.Record is not { } record) continue;
            _sent.Add(1, _publisher);
            if (packet.Dup || record.Refusals > 0) _republished.Add(1, _publisher);
        }
    }

    /// <summary>A message has come to its end here.</summary>
    /// <param name="receipt">Its receipt.</param>
    /// <param name="sentAt">When its last packet left; null when none did on this connection.</param>
    /// <param name="time">The clock.</param>
    public void OnFinished(PublishReceipt receipt, DateTimeOffset? sentAt, TimeProvider time)
    {
        switch (receipt.Outcome)
        {
            case PublishOutcome.Confirmed:
                _confirmed.Add(1, _publisher);
                if (_delivery.Enabled && receipt.AcceptedAt is { } accepted) _delivery.Record(Since(accepted, time), _publisher);
                if (_operation.Enabled && sentAt is { } sent) _operation.Record(Since(sent, time), _publisher);
                return;
            case PublishOutcome.Expired:
                _expired.Add(1, _publisher);
                return;
        }

        KeyValuePair<string, object?> error = new(Names.ErrorTypeAttribute, ErrorType.Of(receipt));
        _deadLettered.Add(1, _publisher, error);
        if (receipt.Outcome != PublishOutcome.Rejected) return;
        _rejected.Add(1, _publisher, error);
        if (_operation.Enabled && sentAt is { } at) _operation.Record(Since(at, time), _publisher, error);
    }

    public void OnRoomAgain(TimeSpan after) => _backpressure.Record(after.TotalSeconds, _publisher);

    public void OnLedgerCall(string operation, TimeSpan duration, bool failed)
    {
        if (!_ledger.Enabled) return;
        KeyValuePair<string, object?> kind = new(Names.LedgerOperationAttribute, operation);
        if (failed) _ledger.Record(duration.TotalSeconds, _publisher, kind, new(Names.ErrorTypeAttribute, ErrorType.LedgerUnavailable));
        else _ledger.Record(duration.TotalSeconds, _publisher, kind);
    }

    // A meter of a factory's outlives the publisher: it sees nothing more of it.
    public void Dispose()
    {
        _status = null;
        if (_ownsMeter) _meter.Dispose();
    }

    private Counter<long> Counter(string name, string description) => _meter.CreateCounter<long>(name, "{message}", description);

    private Histogram<double> Histogram(string name, string description, double[] buckets) =>
        _meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    private IEnumerable<Measurement<long>> Observe(Func<PublisherStatus, long> value) =>
        _status is { } status ? [new Measurement<long>(value(status()), _publisher)] : [];

    private IEnumerable<Measurement<long>> ObserveLedger()
    {
        if (_status is not { } status) yield break;
        var now = status();
        yield return State(now.Pending, "pending");
        yield return State(now.InFlight, "in_flight");
        if (Volatile.Read(ref _statistics) is { } counted) yield return State(counted.DeadLetters, "dead_lettered");
    }

    private IEnumerable<Measurement<long>> ObserveTotals()
    {
        if (_status is null || Volatile.Read(ref _statistics)?.Totals is not { } totals) yield break;
        yield return State(totals.Accepted, "accepted");
        yield return State(totals.Confirmed, "confirmed");
        yield return State(totals.Expired, "expired");
        yield return State(totals.DeadLettered, "dead_lettered");
        yield return State(totals.PutAside, "put_aside");
    }

    private Measurement<long> State(long count, string state) => new(count, _publisher, new(Names.MessageStateAttribute, state));

    private IEnumerable<Measurement<double>> ObserveAge() =>
        _status is { } status ? [new Measurement<double>(status().OldestAge?.TotalSeconds ?? 0, _publisher)] : [];

    private static double Since(DateTimeOffset from, TimeProvider time) => Math.Max(0, (time.GetUtcNow() - from).TotalSeconds);
}
