/// Collects faults while a tree is decoded, so that the author of a file sees all of them at once.
///
///     var diagnostics = YAMLDiagnostics()
///     let mapping = diagnostics.mapping(node, allowedKeys: ["name", "port"])
///     let port = diagnostics.optional(mapping?["port"]) { try $0.integer("a port number", in: 1...65535) }
///     try diagnostics.finish()
public struct YAMLDiagnostics: Sendable {
    /// The greatest number of errors that are kept; a longer list would not help.
    public static let limit = 100

    /// The errors so far, at most `limit`.
    public private(set) var errors: [YAMLError] = []

    public init() {}

    /// Whether there are no errors.
    public var isEmpty: Bool { errors.isEmpty }

    /// Whether the limit is reached: nothing is decoded from then on, since further errors would not be reported.
    public var isFull: Bool { errors.count >= Self.limit }

    /// Adds an error, unless the limit is reached.
    public mutating func report(_ error: YAMLError) {
        if !isFull { errors.append(error) }
    }

    /// Adds an error, unless the limit is reached. The message is made only then.
    public mutating func report(_ position: YAMLPosition, _ message: @autoclosure () -> String) {
        if !isFull { report(YAMLError(position, message())) }
    }

    /// Runs `body`; if it throws, keeps the error and returns `nil`. Once the limit is reached, returns `nil` without
    /// running it.
    public mutating func attempt<Value>(_ body: () throws(YAMLError) -> Value) -> Value? {
        guard !isFull else { return nil }
        do throws(YAMLError) {
            return try body()
        } catch {
            report(error)
            return nil
        }
    }

    /// Decodes an optional node; `nil` if it is absent, or if it is faulty and the error was kept.
    public mutating func optional<Value>(
        _ node: YAMLNode?, _ decode: (YAMLNode) throws(YAMLError) -> Value
    ) -> Value? {
        guard let node else { return nil }
        return attempt { () throws(YAMLError) -> Value in try decode(node) }
    }

    /// Decodes the value of a required key; `nil` if it is absent or faulty, and the error was kept.
    public mutating func required<Value>(
        _ key: String, of mapping: YAMLMapping, _ decode: (YAMLNode) throws(YAMLError) -> Value
    ) -> Value? {
        attempt { () throws(YAMLError) -> Value in try decode(try mapping.required(key)) }
    }

    /// A mapping with known keys. Each unknown key is reported; the others can still be read.
    public mutating func mapping(
        _ node: YAMLNode, allowedKeys: [String], _ what: String = "a mapping"
    ) -> YAMLMapping? {
        guard let mapping = attempt({ () throws(YAMLError) in try node.mapping(what) }) else { return nil }
        for error in mapping.unknownKeys(allowed: allowedKeys) { report(error) }
        return mapping
    }

    /// Throws the collected errors, if there are any.
    public func finish() throws(YAMLErrors) {
        guard let first = errors.first else { return }
        throw YAMLErrors(first, Array(errors.dropFirst()))
    }
}
