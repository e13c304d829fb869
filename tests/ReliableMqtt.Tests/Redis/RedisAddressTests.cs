using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>Addresses are read in both forms, and neither an error nor what is shown has the password in it.</summary>
public class RedisAddressTests
{
    private const string Secret = "pa55word";

    [Theory]
    [InlineData("redis:6379", "redis://redis:6379", null, null, null, false)]
    [InlineData("redis", "redis://redis", null, null, null, false)]
    [InlineData("my_redis.local:7000,user=plant,password=pa55word,ssl=true,defaultDatabase=2", "rediss://my_redis.local:7000,user=plant,password=*****,ssl=True,defaultDatabase=2", "plant", Secret, 2, true)]
    [InlineData("redis://localhost", "redis://localhost", null, null, null, false)]
    [InlineData("redis://localhost:7000/3", "redis://localhost:7000,defaultDatabase=3", null, null, 3, false)]
    [InlineData("redis://localhost/", "redis://localhost", null, null, null, false)]
    [InlineData("REDISS://plant:pa55word@10.0.0.1:7000", "rediss://10.0.0.1:7000,user=plant,password=*****,ssl=True", "plant", Secret, null, true)]
    [InlineData("redis://:pa55word@localhost,connectTimeout=100", "redis://localhost,connectTimeout=100,password=*****", null, Secret, null, false)]
    [InlineData("redis://pa55word@localhost", "redis://localhost,password=*****", null, Secret, null, false)]
    [InlineData("redis://plant:pa%355word@localhost/1,b:2", "redis://localhost,b:2,user=plant,password=*****,defaultDatabase=1", "plant", Secret, 1, false)]
    [InlineData("redis://[::1]:7000", "redis://[::1]:7000", null, null, null, false)]
    [InlineData("redis://localhost,password=p@:/55", "redis://localhost,password=*****", null, "p@:/55", null, false)]
    [InlineData("redis://u:p%2C%40%2F@localhost", "redis://localhost,user=u,password=*****", "u", "p,@/", null, false)]
    public void It_is_read_and_shown(string text, string shown, string? user, string? password, int? database, bool isSecure)
    {
        var options = RedisAddress.Parse(text);
        Assert.Equal((password, database, isSecure), (options.Password, options.DefaultDatabase, options.Ssl));
        Assert.Equal(user ?? "", options.User ?? "");
        Assert.Equal(Parts(shown), Parts(RedisAddress.Show(options)));
        Assert.DoesNotContain(Secret, new RedisAckLedger(text).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" ", "")]
    [InlineData("password=pa55word", "names no server")]
    [InlineData("redis://", "names no server")]
    [InlineData("redis://user:pa55word@", "names no server")]
    [InlineData("rdis://user:pa55word@host:1", "names no server")]
    [InlineData("mqtt://user:pa55word@host", "names no server")]
    [InlineData("redis://user:pa55,pa55word@host:1", "names no server")]
    [InlineData("redis://host,password=x,pa55word", "may be a part of a password")]
    [InlineData("redis://host,password=x,pa55word=y", "does not know")]
    [InlineData("redis://host/pa55word", "no number of a database")]
    [InlineData("redis://user:pa/55@host/x", "no number of a database")]
    [InlineData("host:1,pasword=pa55word", "does not know")]
    [InlineData("host:1,abortConnect=pa55word", "a bad value for 'abortConnect'")]
    [InlineData("host:99999999,password=pa55word", "a bad value for 'port'")]
    public void What_is_none_is_refused_without_being_quoted(string text, string problem)
    {
        var error = Assert.Throws<ArgumentException>(() => new RedisAckLedger(text));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    // The order of the options is the client library's.
    private static IEnumerable<string> Parts(string shown) => shown.Split(',').Order(StringComparer.Ordinal);
}
