import ServicesExport

/// An export asks for something that this gateway does not do, and that must not be left out.
public struct UnsupportedError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the export asks for, with its place.
    public let subject: String

    public var description: String { "\(subject): this version of portcullis-gateway cannot do that" }
}

extension ExportChanges {
    /// Checks that this gateway does everything that is new.
    func checkSupport() throws(UnsupportedError) {
        for connection in added.lazy.map(\.connection) {
            guard let subject = connection.unsupported else { continue }
            throw UnsupportedError(subject: "section \(connection.section): \(subject)")
        }
    }
}

extension ExternalConnection {
    /// What needs answers that pass the gateway, where they do not.
    fileprivate var unsupported: String? {
        guard !method.isAnswerForwarded else { return nil }
        if !options.hairpin.isEmpty { return "hairpin with method \(method.rawValue)" }
        if (options.limit?.connections ?? 0) > 0 { return "a limit of connections with method \(method.rawValue)" }
        return nil
    }
}
