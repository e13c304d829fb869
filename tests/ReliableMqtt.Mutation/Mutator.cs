using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace ReliableMqtt.Mutation;

/// <summary>
/// Puts all mutants of a file into it at once, each behind a switch that is off: <c>a &lt; b</c> becomes <c>(MutantSwitch.Is(7) ? a &lt;= b : a &lt; b)</c>. So the code is compiled once.
/// It goes by syntax alone; what then does not compile is taken out again.
/// </summary>
/// <param name="file">The file, from the root of the repository.</param>
/// <param name="nextId">The number of the first mutant.</param>
/// <param name="without">Numbers of mutants that do not compile.</param>
internal sealed class Mutator(string file, int nextId, IReadOnlySet<int> without) : CSharpSyntaxRewriter
{
    public const string Switch = "MutantSwitch.Is";
    private const int TextAtMost = 100;

    // A number given to one of these only says how much room to take at first.
    private static readonly HashSet<string> WithCapacity = ["List", "Dictionary", "HashSet", "Queue", "ArrayBufferWriter", "StringBuilder"];

    private readonly Dictionary<string, int> _sameText = [];

    private static readonly Dictionary<SyntaxKind, SyntaxKind> Operators = new()
    {
        [SyntaxKind.LessThanExpression] = SyntaxKind.LessThanOrEqualExpression,
        [SyntaxKind.LessThanOrEqualExpression] = SyntaxKind.LessThanExpression,
        [SyntaxKind.GreaterThanExpression] = SyntaxKind.GreaterThanOrEqualExpression,
        [SyntaxKind.GreaterThanOrEqualExpression] = SyntaxKind.GreaterThanExpression,
        [SyntaxKind.EqualsExpression] = SyntaxKind.NotEqualsExpression,
        [SyntaxKind.NotEqualsExpression] = SyntaxKind.EqualsExpression,
        [SyntaxKind.LogicalAndExpression] = SyntaxKind.LogicalOrExpression,
        [SyntaxKind.LogicalOrExpression] = SyntaxKind.LogicalAndExpression,
        [SyntaxKind.AddExpression] = SyntaxKind.SubtractExpression,
        [SyntaxKind.SubtractExpression] = SyntaxKind.AddExpression,
        [SyntaxKind.MultiplyExpression] = SyntaxKind.DivideExpression,
    };

    private static readonly Dictionary<string, string> Calls = new() { ["Min"] = "Max", ["Max"] = "Min", ["Any"] = "All", ["All"] = "Any", ["First"] = "Last", ["Last"] = "First" };

    public List<Mutant> Mutants { get; } = [];

    public int NextId { get; private set; } = nextId;

    public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node) => Operators.TryGetValue(node.Kind(), out var other)
        ? Switched(node, (ExpressionSyntax)base.VisitBinaryExpression(node)!, BinaryExpression(other, node.Left, node.Right))
        : base.VisitBinaryExpression(node);

    public override SyntaxNode? VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node) => node.IsKind(SyntaxKind.LogicalNotExpression)
        ? Switched(node, (ExpressionSyntax)base.VisitPrefixUnaryExpression(node)!, node.Operand)
        : base.VisitPrefixUnaryExpression(node);

    public override SyntaxNode? VisitIsPatternExpression(IsPatternExpressionSyntax node) =>
        Switched(node, (ExpressionSyntax)base.VisitIsPatternExpression(node)!, PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, ParenthesizedExpression(node)));

    public override SyntaxNode? VisitLiteralExpression(LiteralExpressionSyntax node) => node.Kind() switch
    {
        SyntaxKind.TrueLiteralExpression => Switched(node, node, LiteralExpression(SyntaxKind.FalseLiteralExpression)),
        SyntaxKind.FalseLiteralExpression => Switched(node, node, LiteralExpression(SyntaxKind.TrueLiteralExpression)),
        SyntaxKind.NumericLiteralExpression when node.Token.Value is int => Switched(node, node, BinaryExpression(SyntaxKind.AddExpression, node, LiteralExpression(SyntaxKind.NumericLiteralExpression, Literal(1)))),
        _ => base.VisitLiteralExpression(node),
    };

    public override SyntaxNode? VisitConditionalExpression(ConditionalExpressionSyntax node) =>
        Switched(node, (ExpressionSyntax)base.VisitConditionalExpression(node)!, node.WithWhenTrue(node.WhenFalse).WithWhenFalse(node.WhenTrue));

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        var visited = (ExpressionSyntax)base.VisitInvocationExpression(node)!;
        if (node.Expression is not MemberAccessExpressionSyntax { Name: IdentifierNameSyntax name } access || !Calls.TryGetValue(name.Identifier.Text, out var other)) return visited;
        return Switched(node, visited, node.WithExpression(access.WithName(IdentifierName(other))));
    }

    public override SyntaxNode? VisitArgument(ArgumentSyntax node) => IsCapacity(node) || IsConfigureAwait(node) ? node : base.VisitArgument(node);

    public override SyntaxNode? VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        var visited = (StatementSyntax)base.VisitExpressionStatement(node)!;
        if (node.Parent is not BlockSyntax and not IfStatementSyntax and not ElseClauseSyntax || Declares(node)) return visited;
        if (Take(node, "(nothing)") is not { } id) return visited;
        // In braces, or an else behind it would become its own.
        return ParseStatement($"{{ if (!{Switch}({id})) {visited.WithoutTrivia().ToFullString()} }}").WithTriviaFrom(node);
    }

    public override SyntaxNode? VisitAttributeList(AttributeListSyntax node) => node;

    public override SyntaxNode? VisitParameterList(ParameterListSyntax node) => node;

    public override SyntaxNode? VisitEnumDeclaration(EnumDeclarationSyntax node) => node;

    public override SyntaxNode? VisitFieldDeclaration(FieldDeclarationSyntax node) => node.Modifiers.Any(SyntaxKind.ConstKeyword) ? node : base.VisitFieldDeclaration(node);

    public override SyntaxNode? VisitLocalDeclarationStatement(LocalDeclarationStatementSyntax node) => node.IsConst ? node : base.VisitLocalDeclarationStatement(node);

    public override SyntaxNode? VisitThrowExpression(ThrowExpressionSyntax node) => node;

    public override SyntaxNode? VisitThrowStatement(ThrowStatementSyntax node) => node;

    public override SyntaxNode? VisitConstantPattern(ConstantPatternSyntax node) => node;

    public override SyntaxNode? VisitRelationalPattern(RelationalPatternSyntax node) => node;

    public override SyntaxNode? VisitCaseSwitchLabel(CaseSwitchLabelSyntax node) => node;

    private ExpressionSyntax Switched(ExpressionSyntax original, ExpressionSyntax visited, ExpressionSyntax changed)
    {
        if (Declares(original) || Take(original, changed.NormalizeWhitespace().ToString()) is not { } id) return visited;
        return ParenthesizedExpression(ConditionalExpression(
                Is(id).WithTrailingTrivia(Space), ParenthesizedExpression(changed.WithoutTrivia()).WithLeadingTrivia(Space).WithTrailingTrivia(Space), ParenthesizedExpression(visited.WithoutTrivia()).WithLeadingTrivia(Space)))
            .WithTriviaFrom(original);
    }

    // A variable that is declared in two branches, or in one only, is another program.
    private static bool Declares(SyntaxNode node) => node.DescendantNodes().Any(inner => inner is SingleVariableDesignationSyntax or DeclarationExpressionSyntax);

    private int? Take(SyntaxNode original, string changed)
    {
        var id = NextId++;
        if (without.Contains(id)) return null;
        var line = original.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        var mutant = new Mutant(id, file, MemberOf(original), line, Short(original.NormalizeWhitespace().ToString()), Short(changed), 1);
        Mutants.Add(mutant with { Place = 1 + _sameText.GetValueOrDefault(mutant.Key) });
        _sameText[mutant.Key] = 1 + _sameText.GetValueOrDefault(mutant.Key);
        return id;
    }

    private static string MemberOf(SyntaxNode node) => node.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().FirstOrDefault() switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        OperatorDeclarationSyntax @operator => @operator.OperatorToken.Text,
        FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        _ => "(other)",
    };

    private static bool IsCapacity(ArgumentSyntax node) => node.Expression.IsKind(SyntaxKind.NumericLiteralExpression)
        && node.Parent?.Parent is ObjectCreationExpressionSyntax { Type: SimpleNameSyntax name } && WithCapacity.Contains(name.Identifier.Text);

    // A library without a synchronization context behaves the same with and without.
    private static bool IsConfigureAwait(ArgumentSyntax node) =>
        node.Parent?.Parent is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait" } };

    private static ExpressionSyntax Is(int id) => ParseExpression($"{Switch}({id})");

    private static string Short(string text)
    {
        text = string.Join(' ', text.Split((char[])['\r', '\n', ' '], StringSplitOptions.RemoveEmptyEntries));
        return text.Length <= TextAtMost ? text : text[..TextAtMost] + "…";
    }
}
