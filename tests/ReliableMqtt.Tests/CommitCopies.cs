using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests;

/// <summary>For ledgers of tests that keep a commit: its lists are its maker's again when it is answered.</summary>
internal static class CommitCopies
{
    /// <summary>The same commit, in lists that nobody changes.</summary>
    public static LedgerCommit Copied(this LedgerCommit commit) => commit with
    {
        Confirms = [.. commit.Confirms],
        Releases = [.. commit.Releases],
        DeadLetters = [.. commit.DeadLetters],
        Moves = [.. commit.Moves],
        Drops = [.. commit.Drops],
        Assigns = [.. commit.Assigns],
        Appends = [.. commit.Appends],
    };

    /// <summary>Does it say what the other one says?</summary>
    public static bool Says(this LedgerCommit commit, LedgerCommit other) =>
        commit.Confirms.SequenceEqual(other.Confirms)
        && commit.Releases.SequenceEqual(other.Releases)
        && commit.DeadLetters.SequenceEqual(other.DeadLetters)
        && commit.Moves.SequenceEqual(other.Moves)
        && commit.Drops.SequenceEqual(other.Drops)
        && commit.Assigns.SequenceEqual(other.Assigns)
        && commit.Appends.SequenceEqual(other.Appends);
}
