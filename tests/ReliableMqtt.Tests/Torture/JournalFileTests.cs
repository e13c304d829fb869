using ReliableMqtt.Torture.Journal;

namespace ReliableMqtt.Tests.Torture;

public sealed class JournalFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void What_was_flushed_is_there_after_a_kill_and_what_was_not_is_not()
    {
        using (var journal = new JournalFile(_path))
        {
            journal.BeginSession();
            journal.Take(7, 2, "a", "one 1");
            journal.Take(8, 2, "a", "two 2");
            journal.Release(8);
            journal.Flush();
            journal.Take(9, 2, "a", "three 3");
        }

        using var again = new JournalFile(_path);
        Assert.True(again.HasSession);
        Assert.Equal([7], again.Unreleased);
    }

    [Fact]
    public void Half_a_line_is_cut_off_and_what_follows_is_whole()
    {
        using (var journal = new JournalFile(_path))
        {
            journal.BeginSession();
            journal.Flush();
        }

        File.AppendAllText(_path, "P 7 2 a on");
        using (var again = new JournalFile(_path))
        {
            Assert.Empty(again.Unreleased);
            again.Take(8, 1, "a", "two 2");
            again.Flush();
        }

        Assert.Equal(["S", "P 8 1 a two 2"], JournalFile.Read(_path, out _));
    }

    [Fact]
    public void A_new_session_knows_no_packet_ids()
    {
        using var journal = new JournalFile(_path);
        journal.BeginSession();
        journal.Take(7, 2, "a", "one 1");
        journal.BeginSession();
        Assert.Empty(journal.Unreleased);
    }
}
