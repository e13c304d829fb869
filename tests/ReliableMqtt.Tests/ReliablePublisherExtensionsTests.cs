using System.Reflection;
using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt.Tests;

/// <summary>Proves that the short forms hand on exactly what they were given.</summary>
public class ReliablePublisherExtensionsTests
{
    private static readonly PublishOptions Options = new() { MessageId = "id", Retain = true };
    private readonly Recorder _recorder;
    private readonly IReliablePublisher _publisher;
    private readonly CancellationToken _token = new CancellationTokenSource().Token;

    public ReliablePublisherExtensionsTests()
    {
        _publisher = DispatchProxy.Create<IReliablePublisher, Recorder>();
        _recorder = (Recorder)_publisher;
    }

    [Fact]
    public async Task The_name_says_the_quality_of_service()
    {
        byte[] bytes = [1, 2, 3];
        await _publisher.PublishAtMostOnceAsync("t", bytes, Options, _token);
        await _publisher.PublishAtMostOnceAsync("t", "text", Options, _token);
        await _publisher.PublishAtLeastOnceAsync("t", bytes, Options, _token);
        await _publisher.PublishAtLeastOnceAsync("t", "text", Options, _token);
        await _publisher.PublishExactlyOnceAsync("t", bytes, Options, _token);
        await _publisher.PublishExactlyOnceAsync("t", "text", Options, _token);

        Assert.Equal([0, 0, 1, 1, 2, 2], _recorder.Calls.Select(call => (int)call.Message.QualityOfService));
        AssertAllHandedOn("PublishAsync", bytes);
    }

    [Fact]
    public async Task Publish_and_enqueue_hand_on_what_they_were_given()
    {
        byte[] bytes = [1, 2, 3];
        await _publisher.PublishAsync("t", bytes, MqttQualityOfServiceLevel.ExactlyOnce, Options, _token);
        await _publisher.PublishAsync("t", "text", MqttQualityOfServiceLevel.ExactlyOnce, Options, _token);
        AssertAllHandedOn("PublishAsync", bytes);

        _recorder.Calls.Clear();
        await _publisher.EnqueueAsync("t", bytes, MqttQualityOfServiceLevel.ExactlyOnce, Options, _token);
        await _publisher.EnqueueAsync("t", "text", MqttQualityOfServiceLevel.ExactlyOnce, Options, _token);
        AssertAllHandedOn("EnqueueAsync", bytes);
        Assert.All(_recorder.Calls, call => Assert.Equal(MqttQualityOfServiceLevel.ExactlyOnce, call.Message.QualityOfService));
    }

    [Fact]
    public async Task At_least_once_is_the_default()
    {
        await _publisher.PublishAsync("t", "é€😀", cancellationToken: _token);
        await _publisher.EnqueueAsync("t", ReadOnlyMemory<byte>.Empty, cancellationToken: _token);
        Assert.All(_recorder.Calls, call => Assert.Equal(MqttQualityOfServiceLevel.AtLeastOnce, call.Message.QualityOfService));
        Assert.Equal(Encoding.UTF8.GetBytes("é€😀"), _recorder.Calls[0].Message.Payload.ToArray());
        Assert.Null(_recorder.Calls[0].Message.Options);
    }

    [Fact]
    public void Missing_arguments_are_named()
    {
        Assert.Equal("publisher", Thrown(() => ((IReliablePublisher)null!).PublishAsync("t", "p", cancellationToken: _token)));
        Assert.Equal("publisher", Thrown(() => ((IReliablePublisher)null!).EnqueueAsync("t", "p", cancellationToken: _token)));
        Assert.Equal("publisher", Thrown(() => ((IReliablePublisher)null!).PublishExactlyOnceAsync("t", "p", cancellationToken: _token)));
        Assert.Equal("payload", Thrown(() => _publisher.PublishAsync("t", (string)null!, cancellationToken: _token)));
        Assert.Equal("payload", Thrown(() => _publisher.EnqueueAsync("t", (string)null!, cancellationToken: _token)));
        Assert.Equal("payload", Thrown(() => _publisher.PublishAtMostOnceAsync("t", (string)null!, cancellationToken: _token)));
        Assert.Empty(_recorder.Calls);

        static string? Thrown(Func<Task> call) => Assert.Throws<ArgumentNullException>(() => { _ = call(); }).ParamName;
    }

    [Fact]
    public void Each_short_form_exists_for_bytes_and_for_text()
    {
        var forms = typeof(ReliablePublisherExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .GroupBy(method => method.Name, method => method.GetParameters()[2].ParameterType).ToDictionary(group => group.Key, group => group.ToHashSet());
        Assert.Equal(
            ["EnqueueAsync", "PublishAsync", "PublishAtLeastOnceAsync", "PublishAtMostOnceAsync", "PublishExactlyOnceAsync"], forms.Keys.Order());
        Assert.All(forms.Values, types => Assert.Equal([typeof(ReadOnlyMemory<byte>), typeof(string)], types.OrderBy(type => type.Name)));
    }

    private void AssertAllHandedOn(string method, byte[] bytes)
    {
        Assert.All(_recorder.Calls, call =>
        {
            Assert.Equal((method, "t", _token), (call.Method, call.Message.Topic, call.Token));
            Assert.Same(Options, call.Message.Options);
        });
        Assert.All(_recorder.Calls.Index(), call =>
            Assert.Equal(call.Index % 2 == 0 ? bytes : Encoding.UTF8.GetBytes("text"), call.Item.Message.Payload.ToArray()));
    }

    // DispatchProxy derives from it and needs a public constructor.
    public class Recorder : DispatchProxy
    {
        internal List<(string Method, PublishMessage Message, CancellationToken Token)> Calls { get; } = [];

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Calls.Add((targetMethod!.Name, (PublishMessage)args![0]!, (CancellationToken)args[1]!));
            var receipt = new PublishReceipt { Outcome = PublishOutcome.Pending };
            return targetMethod.Name == "EnqueueAsync"
                ? Task.FromResult(new PendingPublish(receipt, _ => Task.FromResult(receipt))) : Task.FromResult(receipt);
        }
    }
}
