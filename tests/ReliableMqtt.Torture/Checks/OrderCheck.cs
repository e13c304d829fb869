namespace ReliableMqtt.Torture.Checks;

/// <summary>A message as it arrived.</summary>
/// <param name="Number">Its number; 0 when it is none of ours, or was damaged.</param>
/// <param name="Topic">Its topic.</param>
/// <param name="Again">The broker says (by DUP) that it may have handed it to the subscriber before: no doing of the publisher.</param>
internal readonly record struct Arrival(long Number, string Topic, bool Again = false);

/// <summary>On each topic messages arrive for the first time in the order in which they were published.</summary>
internal static class OrderCheck
{
    /// <summary>The numbers that came for the first time after a higher one of their topic.</summary>
    public static IReadOnlyList<long> Find(IEnumerable<Arrival> arrivals)
    {
        var highest = new Dictionary<string, long>();
        var seen = new HashSet<long>();
        List<long> late = [];
        foreach (var arrival in arrivals)
        {
            if (!seen.Add(arrival.Number)) continue;
            if (highest.TryGetValue(arrival.Topic, out var before) && arrival.Number < before) late.Add(arrival.Number);
            else highest[arrival.Topic] = arrival.Number;
        }

        return late;
    }
}
