using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tool.Letters;

/// <summary>Which dead letters are meant: those for which all that is given holds.</summary>
internal sealed record LetterFilter
{
    public TopicFilter? Topic { get; init; }

    public DeadLetterCause? Cause { get; init; }

    public byte? ReasonCode { get; init; }

    public TimeSpan? OlderThan { get; init; }

    /// <summary>All of them, said in so many words.</summary>
    public bool All { get; init; }

    /// <summary>Something is said about which.</summary>
    public bool Selects => Topic is not null || Cause is not null || ReasonCode is not null || OlderThan is not null;

    public bool Matches(DeadLetter letter, DateTimeOffset now) =>
        (Topic is not { } topic || topic.Matches(letter.Record.Topic))
        && (Cause is not { } cause || letter.Reason.Cause == cause)
        && (ReasonCode is not { } code || letter.Reason.ReasonCode == code)
        && (OlderThan is not { } age || now - letter.FailedAt > age);
}
