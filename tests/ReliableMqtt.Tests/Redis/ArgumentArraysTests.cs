using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>Proves that an array for arguments is as good as a new one, and empty behind what was asked for.</summary>
public class ArgumentArraysTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(2_049)]
    [InlineData(5_000)]
    public void A_short_one_and_a_very_long_one_are_made_as_long_as_they_are(int count) => Assert.Equal(count, ArgumentArrays.Rent(count).Length);

    [Fact]
    public void Any_other_is_up_to_fifteen_longer_and_empty_there()
    {
        for (var count = 65; count <= 2_048; count++)
        {
            var array = ArgumentArrays.Rent(count);
            Assert.InRange(array.Length, count, count + 15);
            Assert.All(array[..count], value => Assert.True(value.IsNull));
            Assert.All(array[count..], value => Assert.Equal(RedisValue.EmptyString, value));
            Array.Fill(array, "used");
            ArgumentArrays.Return(array);
            Assert.All(array, value => Assert.True(value.IsNull)); // It keeps nothing of the last commit.
        }
    }

    [Fact]
    public void Two_at_a_time_are_two()
    {
        var first = ArgumentArrays.Rent(100);
        var second = ArgumentArrays.Rent(100);
        Assert.NotSame(first, second);
    }
}
