namespace ReliableMqtt.Torture.Checks;

/// <summary>What happened to a message, by the lines of all processes that had to do with it.</summary>
[Flags]
internal enum Event
{
    None = 0,

    /// <summary>It was given to a publisher.</summary>
    Invoked = 1,

    /// <summary>A publisher said that it is in the ledger.</summary>
    Accepted = 2,

    /// <summary>A publisher said that the broker has it.</summary>
    Confirmed = 4,

    /// <summary>A publisher said that it will not be delivered.</summary>
    Failed = 8,

    /// <summary>A publisher said that nobody knows.</summary>
    Unknown = 16,
}

/// <summary>The lines of <see cref="HistoryWriter"/>, of many processes and their lives, put together.</summary>
internal sealed class History
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Event> _events = [];
    private int _answered;

    /// <summary>How many messages have a last word: confirmed, failed or unknown.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Takes a line. False when it is not of a message.</summary>
    public bool Take(string line)
    {
        var what = line.Length < 3 || line[1] != ' ' ? Event.None : line[0] switch
        {
            'I' => Event.Invoked,
            'A' => Event.Accepted,
            'C' => Event.Confirmed,
            'F' => Event.Failed,
            'U' => Event.Unknown,
            _ => Event.None,
        };
        if (what == Event.None || HistoryWriter.NumberOf(line) is not (> 0 and var number)) return false;
        Add(number, what);
        return true;
    }

    /// <summary>Takes what happened in this process.</summary>
    public void Add(long number, Event what)
    {
        lock (_lock)
        {
            var before = _events.GetValueOrDefault(number);
            _events[number] = before | what;
            if (!IsAnswered(before) && IsAnswered(before | what)) _answered++;
        }
    }

    /// <summary>How many messages have one of these events.</summary>
    public int Count(Event what)
    {
        lock (_lock) return _events.Values.Count(events => (events & what) != 0);
    }

    /// <summary>All of it now.</summary>
    public IReadOnlyDictionary<long, Event> Snapshot()
    {
        lock (_lock) return new Dictionary<long, Event>(_events);
    }

    /// <summary>True when the message has a last word.</summary>
    public static bool IsAnswered(Event events) => (events & (Event.Confirmed | Event.Failed | Event.Unknown)) != 0;
}
