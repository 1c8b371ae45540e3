public import ArgumentParser

/// The names that a shell completes in `ScopeOptions`; `nil`: none.
public protocol ScopeNames {
    static var locations: CompletionKind? { get }
    static var types: CompletionKind? { get }
}

/// Nothing is completed: nobody is there to be asked for names.
public enum NoNames: ScopeNames {
    public static var locations: CompletionKind? { nil }
    public static var types: CompletionKind? { nil }
}

/// What a token of role admin may change.
public struct ScopeOptions<Names: ScopeNames>: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A location to which the changes of a token of role admin are restricted; may be repeated.",
            valueName: "location"),
        completion: Names.locations, transform: NameArgument.read)
    public var location: [String] = []

    @Option(
        help: ArgumentHelp(
            "A type to which the changes of a token of role admin are restricted; may be repeated.",
            valueName: "type"),
        completion: Names.types, transform: NameArgument.read)
    public var type: [String] = []

    public init() {}
}
