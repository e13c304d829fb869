namespace ReliableMqtt.Torture.Checks;

/// <summary>
/// What publishers said against what a subscriber got, in the terms of Jepsen's total-queue: every number is a message, every count how often it came. What is
/// wrong is listed by number.
/// </summary>
internal sealed class DeliveryCheck
{
    private DeliveryCheck(IReadOnlyDictionary<long, Event> history, IReadOnlyDictionary<long, int> delivered)
    {
        bool Came(long number) => delivered.GetValueOrDefault(number) > 0;
        List<long> Those(Func<Event, bool> events, bool? came) =>
            [.. history.Where(entry => events(entry.Value) && (came is null || Came(entry.Key) == came)).Select(entry => entry.Key).Order()];

        Lost = Those(events => events.HasFlag(Event.Accepted) && !events.HasFlag(Event.Failed) && !IsOnlyUnknown(events), came: false);
        FalselyConfirmed = Those(events => events.HasFlag(Event.Confirmed), came: false);
        FailedAndCame = Those(events => events.HasFlag(Event.Failed), came: true);
        Contradictory = Those(events => events.HasFlag(Event.Confirmed | Event.Failed), came: null);
        Unanswered = Those(events => !History.IsAnswered(events), came: null);
        Unknown = Those(IsOnlyUnknown, came: null);
        UnknownAndCame = Those(IsOnlyUnknown, came: true);
        Recovered = Those(events => events == Event.Invoked, came: true);
        Duplicated = [.. delivered.Where(entry => entry.Value > 1).Select(entry => entry.Key).Order()];
        Unexpected = [.. delivered.Keys.Where(number => !history.ContainsKey(number)).Order()];
        Delivered = delivered.Count(entry => entry.Value > 0);
    }

    /// <summary>Accepted, given up by nobody, named unknown by nobody, and not delivered.</summary>
    public IReadOnlyList<long> Lost { get; }

    /// <summary>Said to be confirmed, and not delivered.</summary>
    public IReadOnlyList<long> FalselyConfirmed { get; }

    /// <summary>Delivered more than once: wrong at QoS 2.</summary>
    public IReadOnlyList<long> Duplicated { get; }

    /// <summary>Delivered, and given to no publisher.</summary>
    public IReadOnlyList<long> Unexpected { get; }

    /// <summary>Said to have failed for certain, and delivered all the same.</summary>
    public IReadOnlyList<long> FailedAndCame { get; }

    /// <summary>Said to be confirmed, and said to have failed.</summary>
    public IReadOnlyList<long> Contradictory { get; }

    /// <summary>Given to a publisher, and never answered.</summary>
    public IReadOnlyList<long> Unanswered { get; }

    /// <summary>Answered with "unknown" and nothing else.</summary>
    public IReadOnlyList<long> Unknown { get; }

    /// <summary>Those of <see cref="Unknown"/> that were delivered.</summary>
    public IReadOnlyList<long> UnknownAndCame { get; }

    /// <summary>Neither accepted nor answered as far as anybody was told, and delivered: no fault, only not known at the time.</summary>
    public IReadOnlyList<long> Recovered { get; }

    /// <summary>How many different messages were delivered.</summary>
    public int Delivered { get; }

    public static DeliveryCheck Of(IReadOnlyDictionary<long, Event> history, IReadOnlyDictionary<long, int> delivered) => new(history, delivered);

    private static bool IsOnlyUnknown(Event events) => events.HasFlag(Event.Unknown) && (events & (Event.Confirmed | Event.Failed)) == 0;
}
