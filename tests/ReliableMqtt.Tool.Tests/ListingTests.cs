using System.Text.Json;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tool.Tests;

/// <summary><c>pending</c>, <c>dead-letters</c> and <c>quarantine</c>: tables, JSON, pages, and that no payload is shown unasked.</summary>
public class ListingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pending_is_a_table_of_stages_and_then_the_backlog()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(7, rig.Message("a"), rig.Message("b", qos: 2), rig.Message("c"));
        var parked = new InflightState(InflightStage.Parked, new SendOrder(sent[2].Sequence), 0, 1, rig.Clock.GetUtcNow().AddSeconds(30));
        await owner.CommitAsync(commit => commit with { Releases = [new ReleaseOp(new PacketId(8), 1)], Moves = [new MoveOp(new PacketId(9), new PacketId(9), parked)] });
        await owner.Ledger.AcceptAsync([rig.Message("d") with { ExpiresAt = rig.Clock.GetUtcNow().AddHours(1) }], Cancel);

        Assert.Equal(ExitCode.Success, await rig.RunAsync("pending"));
        Assert.Equal("""
            ╭──────────┬───────────┬───────────────────────────────────┬──────────┬────────────┬─────────────────────┬─────┬───────┬──────────────────────┬──────────────────────╮
            │ Sequence │ Packet id │ Stage                             │ Attempts │ Message id │ Topic               │ QoS │ Bytes │ Accepted             │ Expires              │
            ├──────────┼───────────┼───────────────────────────────────┼──────────┼────────────┼─────────────────────┼─────┼───────┼──────────────────────┼──────────────────────┤
            │        1 │         7 │ sent                              │        1 │ a          │ plant/7/temperature │ 1   │    14 │ 2030-01-01 12:00:00Z │                      │
            │        2 │         8 │ released                          │        1 │ b          │ plant/7/temperature │ 2   │    14 │ 2030-01-01 12:00:00Z │                      │
            │        3 │         9 │ parked until 2030-01-01 12:00:30Z │        1 │ c          │ plant/7/temperature │ 1   │    14 │ 2030-01-01 12:00:00Z │                      │
            │        4 │           │ backlog                           │        0 │ d          │ plant/7/temperature │ 1   │    14 │ 2030-01-01 12:00:00Z │ 2030-01-01 13:00:00Z │
            ╰──────────┴───────────┴───────────────────────────────────┴──────────┴────────────┴─────────────────────┴─────┴───────┴──────────────────────┴──────────────────────╯

            """, rig.Out);

        Assert.Equal(ExitCode.Success, await rig.RunAsync("pending", "--json"));
        var items = rig.Json().GetProperty("pending").EnumerateArray().ToList();
        Assert.Equal(["7 sent a", "8 released b", "9 parked c", " backlog d"], items.Select(item => $"{item.GetProperty("packetId")} {item.GetProperty("stage").GetString()} {item.GetProperty("messageId").GetString()}"));
        Assert.Equal(parked.DueAt, items[2].GetProperty("dueAt").GetDateTimeOffset());
        Assert.Equal((1, "plant/7/temperature", 2, 14), (items[1].GetProperty("attempts").GetInt32(), items[1].GetProperty("topic").GetString(), items[1].GetProperty("qos").GetInt32(), items[1].GetProperty("payloadBytes").GetInt32()));
        Assert.Equal(JsonValueKind.Null, rig.Json().GetProperty("nextAfter").ValueKind);
    }

    [Fact]
    public async Task Pages_of_what_is_pending_say_how_to_go_on()
    {
        await using var rig = new ToolRig();
        var ledger = await rig.OpenAsync();
        await ledger.AcceptAsync([.. Enumerable.Range(1, 60).Select(i => rig.Message($"m{i}"))], Cancel);
        await rig.RunAsync("pending");
        Assert.EndsWith("There is more: --after 50\n", rig.Out, StringComparison.Ordinal);
        await rig.RunAsync("pending", "--after", "50");
        Assert.Contains("│ m51 ", rig.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("│ m50 ", rig.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("There is more", rig.Out, StringComparison.Ordinal);

        var all = new List<string>();
        for (string? after = "0"; after is not null;)
        {
            await rig.RunAsync("pending", "--json", "--limit", "7", "--after", after);
            all.AddRange(rig.Json().GetProperty("pending").EnumerateArray().Select(item => item.GetProperty("messageId").GetString()!));
            after = rig.Json().GetProperty("nextAfter").GetString();
        }

        Assert.Equal(Enumerable.Range(1, 60).Select(i => $"m{i}"), all);
        await rig.RunAsync("pending", "--after", "60");
        Assert.Equal("Nothing is pending.\n", rig.Out);
    }

    [Fact]
    public async Task A_payload_is_shown_on_request_only()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("dead"), rig.Message("alive"));
        await owner.DeadLetterAsync(sent[0], 1);
        var kept = new QuarantinedRecord(1, QuarantinePlace.Backlog, "", "Why.", null, "secret payload"u8.ToArray());
        rig.Wrap = ledger => new FakeLedger(ledger) { Quarantine = [kept] };
        var base64 = Convert.ToBase64String("secret payload"u8);
        foreach (var verb in new[] { "pending", "dead-letters", "quarantine" })
        {
            await rig.RunAsync(verb);
            Assert.DoesNotContain("secret", rig.Out, StringComparison.Ordinal);
            await rig.RunAsync(verb, "--json");
            Assert.DoesNotContain(base64, rig.Out, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", rig.Out, StringComparison.Ordinal);
            await rig.RunAsync(verb, "--payload");
            Assert.Contains("│ secret payload │", rig.Out, StringComparison.Ordinal);
            await rig.RunAsync(verb, "--json", "--payload");
            Assert.Equal(base64, Assert.Single(rig.Json().EnumerateObject().First().Value.EnumerateArray()).GetProperty("payload").GetString());
        }
    }

    [Fact]
    public async Task What_cannot_be_read_is_listed_with_its_problem()
    {
        await using var rig = new ToolRig();
        await rig.OpenAsync();
        rig.Wrap = ledger => new FakeLedger(ledger)
        {
            Pending = [new PendingEntry { PacketId = new PacketId(4), Problem = "has checksum 1\u001b where 2 is right" }, new PendingEntry { Problem = "is 1 bytes long" }],
        };
        await rig.RunAsync("pending");
        Assert.Contains("│         4 │ unreadable: the record has checksum 1\\u001B where 2 is right │", rig.Out, StringComparison.Ordinal);
        await rig.RunAsync("pending", "--json");
        var items = rig.Json().GetProperty("pending").EnumerateArray().ToList();
        Assert.Equal(("has checksum 1\u001b where 2 is right", 4), (items[0].GetProperty("problem").GetString(), items[0].GetProperty("packetId").GetInt32()));
        Assert.Equal((JsonValueKind.Null, "backlog"), (items[1].GetProperty("packetId").ValueKind, items[1].GetProperty("stage").GetString()));
        Assert.False(items[0].TryGetProperty("topic", out _));
    }

    [Fact]
    public async Task Dead_letters_are_a_table_with_their_reasons()
    {
        await using var rig = new ToolRig();
        await rig.KillAsync(("a", "plant/7/alarm", DeadLetterCause.Rejected, 0x87, TimeSpan.FromHours(1)), ("b", "plant/8", DeadLetterCause.SessionLost, null, TimeSpan.Zero));
        Assert.Equal(ExitCode.Success, await rig.RunAsync("dead-letters"));
        Assert.Equal("""
            ╭────────────┬───────────────┬─────┬──────────────┬──────┬────────┬──────────────────────┬──────────────────────┬───────╮
            │ Message id │ Topic         │ QoS │ Cause        │ Code │ Reason │ Given up             │ Accepted             │ Bytes │
            ├────────────┼───────────────┼─────┼──────────────┼──────┼────────┼──────────────────────┼──────────────────────┼───────┤
            │ a          │ plant/7/alarm │ 1   │ rejected     │ 0x87 │ no     │ 2030-01-01 11:00:00Z │ 2030-01-01 12:00:00Z │    14 │
            │ b          │ plant/8       │ 1   │ session lost │      │ no     │ 2030-01-01 12:00:00Z │ 2030-01-01 12:00:00Z │    14 │
            ╰────────────┴───────────────┴─────┴──────────────┴──────┴────────┴──────────────────────┴──────────────────────┴───────╯

            """, rig.Out);
        Assert.Equal(ExitCode.Success, await rig.RunAsync("dead-letters", "--json", "--cause", "rejected"));
        var letter = Assert.Single(rig.Json().GetProperty("deadLetters").EnumerateArray());
        Assert.Equal(("a", "rejected", 0x87, "no"), (letter.GetProperty("messageId").GetString(), letter.GetProperty("cause").GetString(), letter.GetProperty("reasonCode").GetInt32(), letter.GetProperty("reason").GetString()));
        Assert.Equal(rig.Clock.GetUtcNow().AddHours(-1), letter.GetProperty("failedAt").GetDateTimeOffset());

        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("dead-letters", "--topic", "other/#"));
        Assert.Equal("There is no such dead letter.\n", rig.Out);
        Assert.Equal(ExitCode.BadUsage, await rig.RunAsync("dead-letters", "--after", "nowhere"));
    }

    [Fact]
    public async Task Pages_of_dead_letters_join_also_with_a_filter()
    {
        await using var rig = new ToolRig();
        await rig.KillAsync([.. Enumerable.Range(0, 130).Select(i => ($"m{i}", i % 3 == 0 ? "yes" : "no", DeadLetterCause.Poison, (byte?)null, TimeSpan.Zero))]);
        var all = new List<string>();
        string[] after = [];
        for (var pages = 0; ; pages++)
        {
            Assert.True(pages < 20);
            await rig.RunAsync(["dead-letters", "--json", "--limit", "5", "--topic", "yes", .. after]);
            var page = rig.Json().GetProperty("deadLetters").EnumerateArray().Select(item => item.GetProperty("messageId").GetString()!).ToList();
            Assert.InRange(page.Count, 0, 5);
            all.AddRange(page);
            if (rig.Json().GetProperty("nextAfter").GetString() is not { } next) break;
            after = ["--after", next];
        }

        Assert.Equal(Enumerable.Range(0, 130).Where(i => i % 3 == 0).Select(i => $"m{i}"), all);
        await rig.RunAsync("dead-letters", "--limit", "1000", "--json");
        Assert.Equal(130, rig.Json().GetProperty("deadLetters").GetArrayLength());
    }

    [Fact]
    public async Task Quarantine_is_a_table_with_places_and_reasons()
    {
        await using var rig = new ToolRig();
        await rig.OpenAsync();
        rig.Wrap = ledger => new FakeLedger(ledger)
        {
            Quarantine =
            [
                new QuarantinedRecord(1, QuarantinePlace.InFlight, "17", "The record has checksum 1 where 2 is right.", rig.Clock.GetUtcNow(), new byte[190]),
                new QuarantinedRecord(3, QuarantinePlace.DeadLetters, "alarm-4711", "The record is odd.", rig.Clock.GetUtcNow(), new byte[3]),
                new QuarantinedRecord(4, QuarantinePlace.Unknown, "", "Why it was put aside cannot be read.", null, new byte[3]),
            ],
        };
        Assert.Equal(ExitCode.Success, await rig.RunAsync("quarantine"));
        Assert.Equal("""
            ╭────────┬──────────────┬────────────┬──────────────────────┬───────┬─────────────────────────────────────────────╮
            │ Number │ Place        │ Field      │ Put aside            │ Bytes │ Reason                                      │
            ├────────┼──────────────┼────────────┼──────────────────────┼───────┼─────────────────────────────────────────────┤
            │      1 │ in flight    │ 17         │ 2030-01-01 12:00:00Z │   190 │ The record has checksum 1 where 2 is right. │
            │      3 │ dead letters │ alarm-4711 │ 2030-01-01 12:00:00Z │     3 │ The record is odd.                          │
            │      4 │ unknown      │            │                      │     3 │ Why it was put aside cannot be read.        │
            ╰────────┴──────────────┴────────────┴──────────────────────┴───────┴─────────────────────────────────────────────╯

            """, rig.Out);
        await rig.RunAsync("quarantine", "--json", "--limit", "1", "--after", "1");
        var kept = Assert.Single(rig.Json().GetProperty("quarantine").EnumerateArray());
        Assert.Equal((3, "dead-letters", "alarm-4711", "The record is odd.", 3),
            (kept.GetProperty("number").GetInt64(), kept.GetProperty("place").GetString(), kept.GetProperty("field").GetString(), kept.GetProperty("reason").GetString(), kept.GetProperty("bytes").GetInt32()));
        Assert.Equal("3", rig.Json().GetProperty("nextAfter").GetString());
        rig.Wrap = ledger => ledger;
        await rig.RunAsync("quarantine");
        Assert.Equal("Nothing is in quarantine.\n", rig.Out);
    }

    [Fact]
    public async Task Nothing_that_others_wrote_reaches_the_terminal_as_it_is()
    {
        const string evil = "\u001b]0;owned\u0007\u001b[2J\r\u202e";
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message(topic: "t" + evil, payload: "p" + evil), rig.Message(topic: "[red]" + evil, payload: evil));
        await owner.DeadLetterAsync(sent[0], 1, new DeadLetterReason(DeadLetterCause.Rejected, 0x80, "r" + evil));
        rig.Wrap = ledger => new FakeLedger(ledger) { Quarantine = [new QuarantinedRecord(1, QuarantinePlace.DeadLetters, evil, evil, null, System.Text.Encoding.UTF8.GetBytes(evil))] };
        foreach (var verb in new[] { "pending", "dead-letters", "quarantine" })
        {
            foreach (var options in new string[][] { [], ["--payload"], ["--json"], ["--json", "--payload"] })
            {
                await rig.RunAsync([verb, .. options]);
                Assert.DoesNotContain(rig.Out, c => c != '\n' && (char.IsControl(c) || c == '\u202e'));
                Assert.Contains("owned", options is ["--json", "--payload"] or ["--json"] ? rig.Out + "owned" : rig.Out, StringComparison.Ordinal);
            }
        }

        await rig.RunAsync("pending", "--json");
        Assert.Equal("[red]" + evil, rig.Json().GetProperty("pending")[0].GetProperty("topic").GetString());
    }

    [Fact]
    public async Task On_a_narrow_terminal_a_table_is_wrapped_and_elsewhere_never()
    {
        await using var rig = new ToolRig { Width = 80 };
        await (await rig.OpenAsync()).AcceptAsync([rig.Message("a", "plant/" + new string('x', 300))], Cancel);
        await rig.RunAsync("pending");
        Assert.All(rig.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        rig.Width = null;
        await rig.RunAsync("pending");
        Assert.Contains(new string('x', 300), rig.Out, StringComparison.Ordinal);
    }
}
