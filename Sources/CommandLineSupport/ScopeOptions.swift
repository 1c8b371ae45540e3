public import ArgumentParser

/// What a token of role admin may change.
public struct ScopeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A location to which the changes of a token of role admin are restricted; may be repeated.",
            valueName: "location"),
        transform: NameArgument.read)
    public var location: [String] = []

    @Option(
        help: ArgumentHelp(
            "A type to which the changes of a token of role admin are restricted; may be repeated.",
            valueName: "type"),
        transform: NameArgument.read)
    public var type: [String] = []

    public init() {}
}
