/// Why there is no answer from ADMIN.
package struct TransportError: Error, Sendable {
    /// The kinds of failure that a caller must distinguish.
    package enum Kind: Sendable, Hashable {
        /// No connection: refused, no route, unknown name, or no answer to the attempt.
        case unreachable
        case tls(TLSFault)
        /// No complete answer within the time limit.
        case timedOut
        /// The connection ended without an answer.
        case closed
        /// The server does not use HTTP.
        case notHTTP
        /// The answer is larger than `AdminRequest.limit`.
        case tooLarge
        /// Anything else: a reset, or a request that the server did not read in time.
        case failed
    }

    package let kind: Kind
    /// The reason in words for an operator, without text from a library: `connection refused`.
    package let reason: String
    /// The library's error, for logs.
    package let cause: any Error
    /// Whether a connection was made, so that ADMIN may have received the request. True if that is not known.
    package let mayHaveArrived: Bool
    /// Whether the head of the answer had arrived.
    package internal(set) var isReceiving = false
    /// Whether the server may expect TLS: to a request without TLS it has never answered, and did not now.
    package internal(set) var mayExpectTLS = false
    /// The address that was tried.
    package internal(set) var address: AdminURL
    /// The errors of addresses that were tried before, for the same request.
    package internal(set) var earlier: [TransportError] = []

    /// Whether the address is to blame, so that another one may succeed.
    var isOfAddress: Bool { kind != .tooLarge }

    /// The end of a message: `; before that https://a:8443: connection refused`, or nothing.
    package var earlierText: String {
        earlier.isEmpty
            ? "" : "; before that " + earlier.map { "\($0.address): \($0.reason)" }.joined(separator: ", ")
    }
}
