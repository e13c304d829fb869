namespace ReliableMqtt.Redis;

/// <summary>What <see cref="RedisProbe"/> has found. Null where the server does not say.</summary>
internal sealed record RedisLook
{
    /// <summary>Why nothing else could be found out, in the words of the server or the client library.</summary>
    public string? Problem { get; init; }

    /// <summary>It is reached and does not let us in: user, password or the rights of the user.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Who we are there.</summary>
    public string User { get; init; } = "default";

    /// <summary>The settings that decide what survives.</summary>
    public RedisFacts? Facts { get; init; }

    /// <summary>CONFIG min-replicas-to-write.</summary>
    public int? MinReplicasToWrite { get; init; }

    /// <summary>Replicas that keep up with it, of those that min-replicas-to-write counts.</summary>
    public int? GoodReplicas { get; init; }

    /// <summary>Bytes in use.</summary>
    public long? UsedMemory { get; init; }

    /// <summary>How the last write of the append-only file ended: <c>ok</c> or <c>err</c>.</summary>
    public string? LastAppend { get; init; }

    /// <summary>How far the server's clock is ahead of ours.</summary>
    public TimeSpan? ClockAhead { get; init; }

    /// <summary>How exact <see cref="ClockAhead"/> is: half of the time that the question took.</summary>
    public TimeSpan ClockError { get; init; }

    /// <summary>What its user may not do.</summary>
    public IReadOnlyList<MissingRight>? MissingRights { get; init; }

    /// <summary>It uses another database than 0.</summary>
    public bool UsesSelect { get; init; }
}
