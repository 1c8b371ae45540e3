package import AdminAPI
package import AdminClient
package import Versions

/// What is asked of ADMIN when versions are sent.
package protocol VersionReceiver: Sendable {
    /// The value of an answer. Throws for one without a status of success.
    func answer<Value: Described>(to request: AdminRequest) async throws -> Value

    /// What an error of `answer` says.
    func refusal(of error: any Error) -> TransferRefusal
}

/// Why ADMIN has not given what was asked for.
package struct TransferRefusal: Sendable, Hashable {
    /// The HTTP status of the answer; `nil`: there was none.
    package var status: Int?
    /// Whether the same request may succeed later.
    package var isTransient: Bool

    package init(status: Int?, isTransient: Bool) {
        self.status = status
        self.isTransient = isTransient
    }
}

extension VersionName {
    /// What names the variant in a request.
    package var query: [(String, String)] { [(QueryParameter.variant, variant)] }
}

/// Is told how far a transfer is.
package protocol TransferWatch: Sendable {
    /// Notes bytes that have gone over, or must go again.
    func add(_ bytes: Int)
    /// Notes that a content is over.
    func finishOne()
    /// Notes that nothing more comes.
    func end()
}

/// Why a version cannot be sent, and what to do about it.
package struct TransferError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package let hint: String

    init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(message)\n\(hint)" }
}
