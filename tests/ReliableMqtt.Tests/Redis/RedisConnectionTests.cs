using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>What the ledger changes in the configuration of its own connection.</summary>
public class RedisConnectionTests
{
    [Fact]
    public void It_changes_a_copy()
    {
        var given = ConfigurationOptions.Parse("redis:6379,channelPrefix=x:");
        RedisConnection.Complete(given);
        Assert.Equal(("redis:6379,channelPrefix=x:", BacklogPolicy.Default), (given.ToString(), given.BacklogPolicy));
    }

    [Fact]
    public void It_sets_what_a_ledger_needs()
    {
        var complete = RedisConnection.Complete(ConfigurationOptions.Parse("redis:6379,channelPrefix=x:"));
        Assert.False(complete.AbortOnConnectFail);
        Assert.Equal(BacklogPolicy.FailFast, complete.BacklogPolicy);
        Assert.Equal((2_000, 2), (complete.AsyncTimeout, complete.ConfigCheckSeconds));
        Assert.True(complete.ChannelPrefix.IsNullOrEmpty);
        Assert.True(complete.AllowAdmin);
    }

    [Fact]
    public void It_leaves_what_the_application_has_decided()
    {
        var complete = RedisConnection.Complete(ConfigurationOptions.Parse(
            "s1:26379,s2:26379,serviceName=plant,ssl=true,user=plant,password=secret,asyncTimeout=7000,configCheckSeconds=30,name=mine,defaultDatabase=2"));
        Assert.Equal(("plant", "plant", "secret", "mine", 2), (complete.ServiceName, complete.User, complete.Password, complete.ClientName, complete.DefaultDatabase));
        Assert.Equal((7_000, 30, true, 2), (complete.AsyncTimeout, complete.ConfigCheckSeconds, complete.Ssl, complete.EndPoints.Count));
    }
}
