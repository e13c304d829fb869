using System.Text;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Profile;

/// <summary>Does bad things to the servers, one after the other. While a Redis or a broker is away all publishers are without it.</summary>
internal sealed class ServerTrouble(Stage stage, Random random, CancellationToken stop)
{
    public async Task RunAsync(IEnumerable<string> kinds)
    {
        foreach (var kind in kinds)
        {
            await Task.Delay(random.Next(500, 2_500), stop);
            var fault = stage.Faults.Begin(kind);
            switch (kind)
            {
                case Kinds.BrokerTerm:
                    await stage.Broker!.RestartAsync();
                    break;
                case Kinds.BrokerPause:
                    await HoldAsync(stage.Broker?.ProcessId ?? stage.Receivers[0].ProcessId);
                    break;
                case Kinds.BrokerKill:
                    await Task.WhenAll(stage.Receivers.Select(receiver => receiver.KillAsync()));
                    await Task.WhenAll(stage.Receivers.Select(receiver => receiver.LaunchAsync(stop)));
                    break;
                case Kinds.RedisTerm:
                    await stage.Redis.TerminateAsync();
                    await stage.Redis.StartAgainAsync();
                    break;
                case Kinds.RedisKill:
                    await stage.Redis.RestartAsync();
                    break;
                case Kinds.RedisTorn:
                    await TearAsync();
                    break;
                case Kinds.RedisPause:
                    stage.Redis.Stop();
                    await RestAndAsync(stage.Redis.Continue);
                    break;
                default:
                    throw new InvalidOperationException($"'{kind}' is nothing that is done to a server.");
            }

            fault.Over();
        }
    }

    // With appendfsync always nothing that was acknowledged is unflushed; what a loss of the machine can leave is half of a write that nobody was told of.
    private async Task TearAsync()
    {
        await stage.Redis.KillAsync();
        var write = Encoding.ASCII.GetBytes("*3\r\n$3\r\nSET\r\n$13\r\nreliable-mqtt\r\n$64\r\n" + new string('x', 64) + "\r\n");
        await stage.Redis.TearAsync(write.AsMemory(0, random.Next(1, write.Length - 1)));
        await stage.Redis.StartAgainAsync();
    }

    private Task HoldAsync(int process)
    {
        Signals.Send(process, Signals.Stop);
        return RestAndAsync(() => Signals.Send(process, Signals.Continue));
    }

    private async Task RestAndAsync(Action goOn)
    {
        try
        {
            await Task.Delay(random.Next(4_500, 6_000), stop);
        }
        finally
        {
            goOn();
        }
    }
}
