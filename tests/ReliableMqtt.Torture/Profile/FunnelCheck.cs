using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Torture.Profile;

/// <summary>Holds the exported metrics against themselves, and against what was seen from outside.</summary>
internal static class FunnelCheck
{
    public static void Judge(Seat seat, Funnel funnel, LegResult result)
    {
        result.Funnels.Add(funnel);
        if (!funnel.AddsUp) result.Add(Violation.Funnel, $"{seat.Name}: {funnel}");

        // A life that is killed may not have told what it had accepted or heard; but nothing can be told that is not counted, nor counted that was not given.
        var (told, confirmed) = (seat.History.Count(Event.Accepted), seat.History.Count(Event.Confirmed));
        if (funnel.Accepted < told || funnel.Accepted > seat.Given) result.Add(Violation.Funnel, $"{seat.Name}: {funnel.Accepted} are counted as accepted, {told} were told of {seat.Given} given");
        if (funnel.Confirmed < confirmed) result.Add(Violation.Funnel, $"{seat.Name}: {funnel.Confirmed} are counted as confirmed, {confirmed} were told");
    }
}
