using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Tests.Torture;

/// <summary>A checker that cannot fail proves nothing: each kind of fault, planted, is found, and nothing else is.</summary>
public class DeliveryCheckTests
{
    private const string Good = "I 1\nA 1\nC 1\nI 2\nA 2\nC 2";

    [Fact]
    public void A_clean_run_has_no_faults() => AssertFaults(Good, [1, 2]);

    [Fact]
    public void An_accepted_message_that_never_came_is_lost() => AssertFaults("I 1\nA 1\nC 1\nI 2\nA 2", [1], lost: [2], unanswered: [2]);

    [Fact]
    public void A_confirmed_message_that_never_came_is_lost_and_falsely_confirmed() => AssertFaults(Good, [1], lost: [2], falselyConfirmed: [2]);

    [Fact]
    public void A_message_that_came_twice_is_a_duplicate() => AssertFaults(Good, [1, 2, 2], duplicated: [2]);

    [Fact]
    public void A_message_without_a_last_word_is_unanswered_whether_it_came_or_not() => AssertFaults("I 1\nA 1\nI 2\nA 2\nC 2", [1, 2], unanswered: [1]);

    [Fact]
    public void A_message_that_nobody_sent_is_unexpected() => AssertFaults(Good, [1, 2, 3], unexpected: [3]);

    [Fact]
    public void A_message_that_failed_for_certain_must_not_come() => AssertFaults("I 1\nA 1\nC 1\nI 2\nF 2 full", [1, 2], failedAndCame: [2]);

    [Fact]
    public void A_failure_that_did_not_come_is_no_fault() => AssertFaults("I 1\nA 1\nC 1\nI 2\nF 2 full", [1]);

    [Fact]
    public void Two_last_words_that_differ_contradict_each_other() => AssertFaults("I 1\nA 1\nC 1\nF 1 expired", [1], failedAndCame: [1], contradictory: [1]);

    [Fact]
    public void What_was_named_unknown_may_come_or_not()
    {
        AssertFaults("I 1\nA 1\nU 1 restarted", [], unknown: [1]);
        AssertFaults("I 1\nA 1\nU 1 restarted", [1], unknown: [1]);
    }

    [Fact]
    public void Unknown_does_not_excuse_a_false_confirm() => AssertFaults("I 1\nA 1\nU 1 restarted\nC 1", [], lost: [1], falselyConfirmed: [1]);

    [Fact]
    public void Another_life_may_answer_for_the_one_that_was_killed()
    {
        var history = new History();
        foreach (var line in new[] { "I 1", "A 1", /* killed */ "I 1", "A 1", "C 1" }) Assert.True(history.Take(line));
        Assert.Equal(1, history.Answered);
        Assert.Empty(DeliveryCheck.Of(history.Snapshot(), new Dictionary<long, int> { [1] = 1 }).Unanswered);
    }

    [Fact]
    public void A_message_that_came_though_nobody_heard_of_its_acceptance_is_recovered_and_unanswered()
    {
        var check = Check("I 1", [1]);
        Assert.Equal([1L], check.Recovered);
        Assert.Equal([1L], check.Unanswered);
    }

    private static void AssertFaults(
        string lines, long[] came, long[]? lost = null, long[]? falselyConfirmed = null, long[]? duplicated = null, long[]? unanswered = null,
        long[]? unexpected = null, long[]? failedAndCame = null, long[]? contradictory = null, long[]? unknown = null)
    {
        var check = Check(lines, came);
        Assert.Equal(lost ?? [], check.Lost);
        Assert.Equal(falselyConfirmed ?? [], check.FalselyConfirmed);
        Assert.Equal(duplicated ?? [], check.Duplicated);
        Assert.Equal(unanswered ?? [], check.Unanswered);
        Assert.Equal(unexpected ?? [], check.Unexpected);
        Assert.Equal(failedAndCame ?? [], check.FailedAndCame);
        Assert.Equal(contradictory ?? [], check.Contradictory);
        Assert.Equal(unknown ?? [], check.Unknown);
        Assert.Equal(came.Distinct().Count(), check.Delivered);
    }

    private static DeliveryCheck Check(string lines, long[] came)
    {
        var history = new History();
        foreach (var line in lines.Split('\n')) Assert.True(history.Take(line), line);
        return DeliveryCheck.Of(history.Snapshot(), came.CountBy(number => number).ToDictionary());
    }
}
