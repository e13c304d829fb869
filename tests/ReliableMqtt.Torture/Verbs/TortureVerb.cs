using System.CommandLine;
using ReliableMqtt.Torture.Profile;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>torture</c>, or no verb and <c>--profile</c>: crashes, cuts, restarts and lost sessions at random, all together, with the checks of everything that is promised, and controls.</summary>
internal static class TortureVerb
{
    public const string Name = "torture", Profile = "--profile";

    public static Command Create()
    {
        var profile = new Option<string>(Profile) { Description = "ci (at most 8 minutes) or release (at most 75)", HelpName = "ci|release", Required = true };
        profile.AcceptOnlyFromAmong("ci", "release");
        var seed = new Option<int?>("--seed") { Description = "The seed that is added to the fixed ones. Default: a new one, which is printed", HelpName = "N" };
        var seeds = new Option<int?>("--seeds") { Description = "How many seeds in all. Default: as many as the profile has; 1 for that of --seed alone", HelpName = "N" };
        var only = new Option<string?>("--only") { Description = "Only the legs whose name begins so: main, journal, session, answers, poison, sound, control", HelpName = "LEG" };
        var json = new Option<string?>("--json") { Description = "Also writes the report there", HelpName = "FILE" };
        var verbose = new Option<bool>("--verbose") { Description = "The library's log on the standard error" };
        var command = new Command(Name, "Publishers of QoS 1 and 2 under crashes, cuts, partitions, restarts and lost sessions; and publishers with a flaw, which must be found out.") { profile, seed, seeds, only, json, verbose };
        command.SetAction((parsed, stop) =>
        {
            var plan = parsed.GetRequiredValue(profile) == "ci" ? ProfilePlan.Ci : ProfilePlan.Release;
            var asked = new Asked(Name, parsed.GetValue(seed), plan == ProfilePlan.Ci, plan.Limit, parsed.GetValue(json), parsed.GetValue(verbose));
            return VerbCommand.ExecuteAsync(asked, run => new ProfileRun(run, plan, parsed.GetValue(seeds), parsed.GetValue(only)).ExecuteAsync(), stop);
        });
        return command;
    }
}
