/// Collects what is wrong while a tree is decoded, so that a file's author sees all of it at once.
///
///     var diagnostics = YAMLDiagnostics()
///     let mapping = diagnostics.mapping(node, allowedKeys: ["name", "port"])
///     let port = diagnostics.optional(mapping?["port"]) { try $0.integer("a port number", in: 1...65535) }
///     try diagnostics.finish()
public struct YAMLDiagnostics: Sendable {
    /// Errors kept; a file with more is not helped by a longer list.
    public static let limit = 100

    public private(set) var errors: [YAMLError] = []

    public init() {}

    public var isEmpty: Bool { errors.isEmpty }

    /// Whether there are as many errors as are kept: from then on nothing is decoded, since nobody would hear of it.
    public var isFull: Bool { errors.count >= Self.limit }

    public mutating func report(_ error: YAMLError) {
        if !isFull { errors.append(error) }
    }

    public mutating func report(_ position: YAMLPosition, _ message: @autoclosure () -> String) {
        if !isFull { report(YAMLError(position, message())) }
    }

    /// The value, or `nil` and the error kept. `nil` without a try when there are errors enough.
    public mutating func attempt<Value>(_ body: () throws(YAMLError) -> Value) -> Value? {
        guard !isFull else { return nil }
        do throws(YAMLError) {
            return try body()
        } catch {
            report(error)
            return nil
        }
    }

    /// Decodes a node that may be absent; `nil` when it is, or when it is wrong and the error was kept.
    public mutating func optional<Value>(
        _ node: YAMLNode?, _ decode: (YAMLNode) throws(YAMLError) -> Value
    ) -> Value? {
        guard let node else { return nil }
        return attempt { () throws(YAMLError) -> Value in try decode(node) }
    }

    /// Decodes the value of a key that must be there.
    public mutating func required<Value>(
        _ key: String, of mapping: YAMLMapping, _ decode: (YAMLNode) throws(YAMLError) -> Value
    ) -> Value? {
        attempt { () throws(YAMLError) -> Value in try decode(try mapping.required(key)) }
    }

    /// A mapping of known keys; each unknown key is reported, the others can be read all the same.
    public mutating func mapping(
        _ node: YAMLNode, allowedKeys: [String], _ what: String = "a mapping"
    ) -> YAMLMapping? {
        guard let mapping = attempt({ () throws(YAMLError) in try node.mapping(what) }) else { return nil }
        for error in mapping.unknownKeys(allowed: allowedKeys) { report(error) }
        return mapping
    }

    /// Throws what was collected, if anything was.
    public func finish() throws(YAMLErrors) {
        guard let first = errors.first else { return }
        throw YAMLErrors(first, Array(errors.dropFirst()))
    }
}
