/// Why there is no answer of ADMIN.
package struct TransportError: Error, Sendable {
    package enum Kind: Sendable, Hashable {
        /// No connection: refused, no route, no such name, no answer to the attempt.
        case unreachable
        case tls(TLSFault)
        /// No complete answer within the time limit.
        case timedOut
        /// The connection ended without an answer.
        case closed
        /// What listens there does not speak HTTP.
        case notHTTP
        /// The answer is larger than `AdminRequest.limit`.
        case tooLarge
        /// Anything else: a reset, a request that was not taken in time.
        case failed
    }

    package let kind: Kind
    /// In an operator's words, without any of a library's: `connection refused`.
    package let reason: String
    /// What a library said, for logs.
    package let cause: any Error
    /// Whether a connection was made, so that ADMIN may have got the request. True where that is not known.
    package let mayHaveArrived: Bool
    /// Whether the answer's head had come.
    package internal(set) var isReceiving = false
    /// The address that was asked.
    package internal(set) var address: AdminURL
    /// What came of the addresses asked before, within the same request.
    package internal(set) var earlier: [TransportError] = []

    /// Whether the address is at fault, so that another one may do better.
    var isOfAddress: Bool { kind != .tooLarge }

    /// `; before that https://a:8443: connection refused`, or nothing: for the end of a message.
    package var earlierText: String {
        earlier.isEmpty
            ? "" : "; before that " + earlier.map { "\($0.address): \($0.reason)" }.joined(separator: ", ")
    }
}
