using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

// Random operations of three processes on few messages, each answer compared with a model's.
public abstract partial class ProcessedMessageStoreConformance
{
    private const int ModelMessages = 6, ModelEntries = 3;

    protected virtual int ModelSteps => 5_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0)] // another one each time
    public async Task Random_operations_are_answered_as_a_model_answers_them(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next(3, int.MaxValue);
        var random = new Random(seed);
        var window = new ProcessedMessageWindow { MaxEntries = ModelEntries, Retention = LongTime };
        var first = await OpenAsync(window);
        ProcessedMessageStore[] stores = [first, await OpenAnotherAsync(first, window), await OpenAnotherAsync(first, window)];
        var model = new Model();
        var seen = new HashSet<object>();
        for (var step = 1; step <= ModelSteps; step++)
        {
            var (store, id, token) = (stores[random.Next(3)], $"m{random.Next(ModelMessages)}", $"t{random.Next(4)}");
            var doing = "pass time";
            switch (random.Next(HonoursTimeProvider ? 10 : 9))
            {
                case < 4:
                    (doing, var claim) = ($"claim {id} {token}", await ClaimAsync(store, Key(id), token, LongTime / 4));
                    Check(model.Claim(id, token, Clock.GetUtcNow() + (LongTime / 4), Clock.GetUtcNow()), claim);
                    break;
                case < 7:
                    (doing, var mark) = ($"mark {id} {token}", await MarkAsync(store, Key(id), token));
                    Check(model.Mark(id, token, Clock.GetUtcNow()), mark);
                    break;
                case < 9:
                    await store.ReleaseAsync(Key(id), token, Cancel);
                    model.Release(id, token);
                    break;
                default:
                    await PassAsync(LongTime / random.Next(4, 40));
                    break;
            }

            void Check<T>(T expected, T found) where T : notnull
            {
                seen.Add(found);
                Assert.True(expected.Equals(found), $"Seed {seed}, step {step} ({doing}): {found}, and the model says {expected}.");
            }
        }

        Assert.Equal(6, seen.Count); // Each answer there is, or the run has proven little.
    }

    private sealed class Model
    {
        private readonly Dictionary<string, (string Token, DateTimeOffset Ends)> _claims = [];
        private readonly List<(string Id, string Token, DateTimeOffset At)> _done = [];

        public ClaimStatus Claim(string id, string token, DateTimeOffset ends, DateTimeOffset now)
        {
            if (Done(id, now) is not null) return ClaimStatus.AlreadyProcessed;
            if (IsAnothers(id, token, now)) return ClaimStatus.InProgress;
            _claims[id] = (token, ends);
            return ClaimStatus.Claimed;
        }

        public MarkStatus Mark(string id, string token, DateTimeOffset now)
        {
            if (Done(id, now) is { } by) return by == token ? MarkStatus.Marked : MarkStatus.AlreadyProcessed;
            if (IsAnothers(id, token, now)) return MarkStatus.ClaimLost;
            _claims.Remove(id);
            _done.Add((id, token, now));
            if (_done.Count > ModelEntries) _done.RemoveAt(0);
            return MarkStatus.Marked;
        }

        public void Release(string id, string token)
        {
            if (_claims.TryGetValue(id, out var claim) && claim.Token == token) _claims.Remove(id);
        }

        private string? Done(string id, DateTimeOffset now)
        {
            _done.RemoveAll(entry => entry.At <= now - LongTime);
            return _done.FirstOrDefault(entry => entry.Id == id).Token;
        }

        private bool IsAnothers(string id, string token, DateTimeOffset now) => _claims.TryGetValue(id, out var claim) && claim.Token != token && claim.Ends > now;
    }
}
