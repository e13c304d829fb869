namespace ReliableMqtt.Sample.Demo;

/// <summary>Publishes by processes of their own, which are killed with -9 on the way and started again.</summary>
internal sealed class PublishersOutside(string folder, int port, Random random) : IDemoPublisher
{
    private const int KillsOfEach = 4;

    private readonly KilledPublisher[] _publishers =
        [.. DemoReadings.All.Select(readings => new KilledPublisher(readings, Path.Combine(folder, readings.Name), port, new Random(random.Next())))];

    public IReadOnlyList<string> ClientIds => [.. _publishers.Select(publisher => publisher.PublisherId)];

    public int Accepted => _publishers.Sum(publisher => publisher.Accepted);

    public int Confirmed => _publishers.Sum(publisher => publisher.Confirmed);

    public string? FirstProblem => _publishers.Select(publisher => publisher.FirstProblem).FirstOrDefault(problem => problem is not null);

    public string Proof => $"kills={Kills} unconfirmed-at-kills={_publishers.Sum(publisher => publisher.UnconfirmedAtKills)}";

    public bool HasProof => Kills == KillsOfEach * _publishers.Length;

    public IReadOnlyList<(string Name, string Value)> Figures => [("accepted", $"{Accepted}"), ("kill -9", $"{Kills}")];

    private int Kills => _publishers.Sum(publisher => publisher.Kills);

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_publishers.Select(publisher => publisher.RunAsync(KillsOfEach, stop)));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
