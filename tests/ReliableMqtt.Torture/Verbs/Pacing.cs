using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Verbs.Fleet;

namespace ReliableMqtt.Torture.Verbs;

/// <summary>Lets messages flow and does something bad again and again while they do: each fault has its part of the messages, and comes at a random place of it.</summary>
internal sealed class Pacing(Run run, Feeder feeder, History history, int messages, Random random)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    /// <summary>Feeds all messages. Faults are prepared before their part begins.</summary>
    public async Task RunAsync(int faults, Func<int, Task> prepareAsync, Func<int, Task> strikeAsync)
    {
        using var feeding = CancellationTokenSource.CreateLinkedTokenSource(run.Stop);
        var fed = feeder.RunAsync(feeding.Token);
        var part = messages / (faults + 1);
        try
        {
            for (var i = 0; i < faults; i++)
            {
                await prepareAsync(i);
                feeder.Allowed = (long)part * (i + 1);
                var when = (part * i) + random.Next(part / 5, part * 4 / 5);
                if (!await Processes.Patience.ReachesAsync(() => history.Answered, when, Idle, run.Stop)) throw new TimeoutException($"Nothing is confirmed any more, after {history.Answered} of {messages}.");
                feeder.Allowed = (long)part * (i + 2); // The flow must not end while it lasts.
                await strikeAsync(i);
            }

            feeder.Allowed = messages;
            await fed;
        }
        finally
        {
            await feeding.CancelAsync();
            await Task.WhenAny(fed);
        }
    }
}
