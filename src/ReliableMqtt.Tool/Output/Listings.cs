namespace ReliableMqtt.Tool.Output;

/// <summary>A list that is shown as it is read, page by page.</summary>
internal interface IListing<in T> : IDisposable
{
    void Add(T item);

    void EndPage();

    /// <summary>The end of the list; what the next one begins behind when there is more.</summary>
    void Complete(string? nextAfter);
}

/// <summary>For people.</summary>
internal abstract class TableListing<T>(ToolHost host, string empty, bool withPayload, params string[] columns) : IListing<T>
{
    private readonly TextTable _table = new(withPayload ? [.. columns, "Payload"] : columns);

    public void Add(T item) => _table.Add(withPayload ? Cells(item).Append(SafeText.OfBytes(Payload(item).Span)) : Cells(item));

    public void EndPage()
    {
    }

    public void Complete(string? nextAfter)
    {
        if (_table.Rows > 0) _table.Write(host);
        else if (nextAfter is null) host.Out.WriteLine(empty);
        if (nextAfter is not null) host.Out.WriteLine($"There is more: --after {nextAfter}");
    }

    public void Dispose()
    {
    }

    protected abstract IEnumerable<string> Cells(T item);

    protected abstract ReadOnlyMemory<byte> Payload(T item);
}

/// <summary>For scripts: an array, and what the next one begins behind.</summary>
internal abstract class JsonListing<T> : IListing<T>
{
    private readonly JsonOutput _json;

    protected JsonListing(ToolHost host, string name)
    {
        _json = new JsonOutput(host.Out);
        _json.Writer.WriteStartArray(name);
    }

    public void Add(T item)
    {
        _json.Writer.WriteStartObject();
        Write(_json, item);
        _json.Writer.WriteEndObject();
    }

    public void EndPage() => _json.Flush();

    public void Complete(string? nextAfter)
    {
        _json.Writer.WriteEndArray();
        _json.Writer.WriteString("nextAfter", nextAfter);
        _json.Complete();
    }

    public void Dispose() => _json.Dispose();

    protected abstract void Write(JsonOutput json, T item);
}
