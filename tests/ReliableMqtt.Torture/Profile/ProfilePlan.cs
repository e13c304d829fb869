namespace ReliableMqtt.Torture.Profile;

/// <summary>How large a profile is. The figures are for each seed, and both publishers together where they count faults; docs/testing.md says how they relate to the totals that are aimed at.</summary>
internal sealed record ProfilePlan
{
    public required string Name { get; init; }

    /// <summary>Seeds that are always run; one more is drawn for each run.</summary>
    public required int FixedSeeds { get; init; }

    public required TimeSpan Limit { get; init; }

    /// <summary>Of each QoS.</summary>
    public required int Messages { get; init; }

    public required double Rate { get; init; }

    public required IReadOnlyList<Planned> Publishers { get; init; }

    public required IReadOnlyList<Planned> Servers { get; init; }

    public required IReadOnlyList<Planned> JournalPublishers { get; init; }

    public required IReadOnlyList<Planned> JournalServers { get; init; }

    public required int JournalMessages { get; init; }

    /// <summary>How often each publisher meets a lost session with each policy, over all seeds.</summary>
    public required int SessionLosses { get; init; }

    /// <summary>How often each answer is given to each QoS, over all seeds.</summary>
    public required int AnswerRounds { get; init; }

    /// <summary>At most 8 minutes on two cores.</summary>
    public static ProfilePlan Ci { get; } = new()
    {
        Name = "ci",
        FixedSeeds = 3,
        Limit = TimeSpan.FromMinutes(12),
        Messages = 11_500,
        Rate = 300,
        Publishers = [new(Kinds.Kill, 13), new(Kinds.Cut, 63), new(Kinds.RedisCut, 8), new(Kinds.Blackhole, 2), new(Kinds.Pause, 1)],
        Servers = [new(Kinds.BrokerTerm, 2), new(Kinds.BrokerPause, 1), new(Kinds.RedisTerm, 1), new(Kinds.RedisKill, 1), new(Kinds.RedisTorn, 1), new(Kinds.RedisPause, 1)],
        JournalPublishers = [new(Kinds.Kill, 2), new(Kinds.Cut, 4)],
        JournalServers = [new(Kinds.BrokerKill, 1)],
        JournalMessages = 1_000,
        SessionLosses = 2,
        AnswerRounds = 1,
    };

    /// <summary>At most 75 minutes on two cores.</summary>
    public static ProfilePlan Release { get; } = new()
    {
        Name = "release",
        FixedSeeds = 19,
        Limit = TimeSpan.FromMinutes(90),
        Messages = 46_000,
        Rate = 600,
        Publishers = [new(Kinds.Kill, 46), new(Kinds.Cut, 220), new(Kinds.RedisCut, 25), new(Kinds.Blackhole, 3), new(Kinds.Pause, 1)],
        Servers = [new(Kinds.BrokerTerm, 5), new(Kinds.BrokerPause, 1), new(Kinds.RedisTerm, 2), new(Kinds.RedisKill, 2), new(Kinds.RedisTorn, 2), new(Kinds.RedisPause, 1)],
        JournalPublishers = [new(Kinds.Kill, 4), new(Kinds.Cut, 8)],
        JournalServers = [new(Kinds.BrokerKill, 3)],
        JournalMessages = 4_000,
        SessionLosses = 20,
        AnswerRounds = 20,
    };

    /// <summary>The legs of the seed with this place among all.</summary>
    public IEnumerable<LegPlan> Legs(int seed, int place, int seeds)
    {
        yield return new() { Name = "main", Seed = seed, Messages = Messages, Rate = Rate, Publishers = Publishers, Servers = Servers };
        yield return new() { Name = "journal", Seed = seed, Messages = JournalMessages, Rate = Rate, Publishers = JournalPublishers, Servers = JournalServers, Receiving = Receiving.Journal };
        foreach (var policy in new[] { SessionLossPolicy.Republish, SessionLossPolicy.DeadLetter })
            if (Share(SessionLosses, (place + (int)policy) % seeds, seeds) is > 0 and var losses)
                yield return new() { Name = $"session lost, {policy}", Seed = seed, Messages = 300 * losses, Publishers = [new(Kinds.SessionLoss, 2 * losses)], Policy = policy };
        if (Share(AnswerRounds, (place + 2) % seeds, seeds) is > 0 and var rounds)
            yield return new() { Name = "answers", Seed = seed, Messages = 500, Rate = 50, Publishers = [new(Kinds.Answers, 2 * rounds)] };
    }

    // What is too few for all seeds falls to one of them.
    private static int Share(int total, int place, int seeds)
    {
        if (total >= seeds) return (total / seeds) + (place < total % seeds ? 1 : 0);
        return place == 0 ? total : 0;
    }
}
