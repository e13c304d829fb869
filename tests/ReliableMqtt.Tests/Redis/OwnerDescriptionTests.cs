using System.Diagnostics;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>A process is dead for sure, or there is a doubt: then nobody's lease is taken.</summary>
public sealed class OwnerDescriptionTests : IDisposable
{
    private const int Own = 100, Other = 200;
    private readonly string _proc = Directory.CreateTempSubdirectory("reliable-mqtt-proc-").FullName;

    public OwnerDescriptionTests()
    {
        Write("sys/kernel/random/boot_id", "boot-1\n");
        Directory.CreateDirectory(Path.Combine(_proc, "self/ns"));
        File.CreateSymbolicLink(Path.Combine(_proc, "self/ns/pid"), "pid:[4026531836]");
        WriteStat(Own, "dotnet", "1111");
        WriteStat(Other, "dotnet", "2222");
    }

    public void Dispose() => Directory.Delete(_proc, recursive: true);

    [Fact]
    public void It_reads_what_the_kernel_says()
    {
        var owner = OwnerDescription.Read(_proc, Own);
        Assert.Equal(new OwnerDescription(Environment.MachineName, "boot-1", "pid:[4026531836]", Own, "1111"), owner);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a) S 1 (b")]
    [InlineData("((")]
    [InlineData("))")]
    [InlineData(") Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20")]
    public void The_name_of_a_process_may_hold_anything(string name)
    {
        WriteStat(Other, name, "2222");
        Assert.Equal("2222", OwnerDescription.Read(_proc, Other).Start);
        Assert.False(IsDead(OwnerDescription.Read(_proc, Other)));
    }

    [Fact]
    public void A_process_that_is_there_is_alive() => Assert.False(IsDead(OwnerDescription.Read(_proc, Other)));

    [Fact]
    public void A_process_that_is_gone_is_dead()
    {
        var other = OwnerDescription.Read(_proc, Other);
        Directory.Delete(Path.Combine(_proc, $"{Other}"), recursive: true);
        Assert.True(IsDead(other));
    }

    [Fact]
    public void Another_process_with_its_pid_means_that_it_is_dead()
    {
        var other = OwnerDescription.Read(_proc, Other);
        WriteStat(Other, "dotnet", "2223");
        Assert.True(IsDead(other));
    }

    [Theory]
    [InlineData("Z")]
    [InlineData("X")]
    public void A_process_that_waits_to_be_collected_is_dead(string state)
    {
        var other = OwnerDescription.Read(_proc, Other);
        WriteStat(Other, "dotnet", "2222", state);
        Assert.True(IsDead(other));
    }

    [Theory]
    [InlineData("T")]
    [InlineData("t")]
    [InlineData("D")]
    public void A_process_that_is_stopped_or_waits_is_alive(string state)
    {
        WriteStat(Other, "dotnet", "2222", state);
        Assert.False(IsDead(OwnerDescription.Read(_proc, Other)));
    }

    [Fact]
    public void Its_own_description_is_alive() => Assert.False(IsDead(OwnerDescription.Read(_proc, Own)));

    [Fact]
    public void A_process_of_another_start_of_the_machine_is_in_doubt() => AssertInDoubt(owner => owner with { Boot = "boot-2" });

    [Fact]
    public void A_process_of_another_namespace_is_in_doubt() => AssertInDoubt(owner => owner with { PidNamespace = "pid:[4026532222]" });

    [Fact]
    public void A_process_that_did_not_know_its_boot_is_in_doubt() => AssertInDoubt(owner => owner with { Boot = "" });

    [Fact]
    public void A_process_that_did_not_know_its_namespace_is_in_doubt() => AssertInDoubt(owner => owner with { PidNamespace = "" });

    [Fact]
    public void A_process_that_did_not_know_its_start_is_in_doubt() => AssertInDoubt(owner => owner with { Start = "" });

    [Fact]
    public void Without_a_boot_id_nothing_is_sure()
    {
        File.Delete(Path.Combine(_proc, "sys/kernel/random/boot_id"));
        Assert.Equal("", OwnerDescription.Read(_proc, Own).Boot);
        AssertInDoubt(owner => owner);
    }

    [Fact]
    public void Without_a_namespace_nothing_is_sure()
    {
        File.Delete(Path.Combine(_proc, "self/ns/pid"));
        Assert.Equal("", OwnerDescription.Read(_proc, Own).PidNamespace);
        AssertInDoubt(owner => owner);
    }

    [Fact]
    public void Whoever_cannot_see_itself_knows_nothing_of_others()
    {
        var (self, other) = (OwnerDescription.Read(_proc, Own), OwnerDescription.Read(_proc, Other));
        Directory.Delete(Path.Combine(_proc, $"{Other}"), recursive: true);
        Assert.True(self.IsDeadForSure(other, _proc));
        WriteStat(Own, "dotnet", "1112");
        Assert.False(self.IsDeadForSure(other, _proc));
        Directory.Delete(Path.Combine(_proc, $"{Own}"), recursive: true);
        Assert.False(self.IsDeadForSure(other, _proc));
        Assert.False(self.IsDeadForSure(other, Path.Combine(_proc, "nowhere")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("200 (dotnet) S 1 2 3")]
    [InlineData("nonsense")]
    public void A_process_that_is_there_and_cannot_be_read_is_in_doubt(string stat)
    {
        var other = OwnerDescription.Read(_proc, Other);
        Write($"{Other}/stat", stat);
        Assert.Equal("", OwnerDescription.Read(_proc, Other).Start);
        Assert.False(IsDead(other));
    }

    [Theory]
    [InlineData("host", "0f1e-2d", "pid:[4026531836]", 1, "123456")]
    [InlineData("", "", "", 0, "")]
    [InlineData("a b=c %20 ünïcode 🌡", "x y", "=", int.MaxValue, "%")]
    public void What_was_written_comes_back(string host, string boot, string pidNamespace, int pid, string start)
    {
        var owner = new OwnerDescription(host, boot, pidNamespace, pid, start);
        Assert.True(OwnerDescription.TryParse(owner.ToString(), out var read));
        Assert.Equal(owner, read);
        Assert.DoesNotContain('\n', owner.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("host")]
    [InlineData("host=a boot=b pidns=c start=d")]
    [InlineData("host=a boot=b pidns=c pid= start=d")]
    [InlineData("host=a boot=b pidns=c pid=-1 start=d")]
    [InlineData("host=a boot=b pidns=c pid=99999999999 start=d")]
    [InlineData("host=a boot=b pidns=c pid=1x start=d")]
    [InlineData("HOST=a boot=b pidns=c pid=1 start=d")]
    [InlineData("host=a host=b boot=b pidns=c pid=1 start=d")]
    [InlineData("==== = = =")]
    public void Nonsense_is_no_owner(string text)
    {
        Assert.False(OwnerDescription.TryParse(text, out var owner));
        Assert.Null(owner);
    }

    [Fact]
    public void What_a_later_version_may_add_does_not_disturb()
    {
        Assert.True(OwnerDescription.TryParse("new=1 host=a boot=b pidns=c pid=1 start=d later=%", out var owner));
        Assert.Equal(new OwnerDescription("a", "b", "c", 1, "d"), owner);
    }

    [Fact]
    public void This_process_is_alive()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /proc.");
        var current = OwnerDescription.Current;
        Assert.All([current.Boot, current.PidNamespace, current.Start], Assert.NotEmpty);
        Assert.Equal(Environment.ProcessId, current.Pid);
        Assert.False(current.IsDeadForSure(current));
    }

    [Fact]
    public async Task A_child_is_alive_until_it_has_ended()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /proc.");
        using var child = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        try
        {
            var description = OwnerDescription.Read("/proc", child.Id);
            Assert.NotEmpty(description.Start);
            Assert.False(OwnerDescription.Current.IsDeadForSure(description));
            child.Kill();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(OwnerDescription.Current.IsDeadForSure(description));
        }
        finally
        {
            if (!child.HasExited) child.Kill();
        }
    }

    // The other one is gone, so that only the doubt keeps it alive.
    private void AssertInDoubt(Func<OwnerDescription, OwnerDescription> change)
    {
        var other = change(OwnerDescription.Read(_proc, Other));
        Directory.Delete(Path.Combine(_proc, $"{Other}"), recursive: true);
        Assert.False(IsDead(other));
    }

    private bool IsDead(OwnerDescription other) => OwnerDescription.Read(_proc, Own).IsDeadForSure(other, _proc);

    private void WriteStat(int pid, string name, string start, string state = "S") =>
        Write($"{pid}/stat", $"{pid} ({name}) {state} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 {start} 20 21 22\n");

    private void Write(string path, string text)
    {
        var full = Path.Combine(_proc, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
