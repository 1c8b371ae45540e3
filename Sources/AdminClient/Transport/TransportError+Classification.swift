import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceSupport
import Text

extension TransportError {
    /// Classifies an error of the underlying libraries.
    package init(_ error: any Error, asking address: AdminURL) {
        let (kind, mayHaveArrived): (Kind, Bool) =
            switch error {
            case is NIOConnectionError, is DirectTransport.UnknownHost: (.unreachable, false)
            case ChannelError.connectTimeout: (.unreachable, false)
            case let error as IOError where Self.unreachable.contains(error.errnoCode):
                (.unreachable, !Self.isOfConnecting(error))
            case let error as HTTPClientError where error == .connectTimeout: (.unreachable, false)
            case let error as HTTPClientError where error == .tlsHandshakeTimeout: (.failed, false)
            case NIOSSLError.handshakeFailed: (.tls(TLSFault("\(error)")), false)
            case let error as NIOSSLExtraError where error == .failedToValidateHostname: (.tls(.wrongName), false)
            case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: (.tls(TLSFault("\(error)")), true)
            case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
                (.timedOut, true)
            case let error as HTTPClientError where error == .remoteConnectionClosed: (.closed, true)
            case let error as HTTPParserError where error == .invalidEOFState: (.closed, true)
            case is HTTPParserError: (.notHTTP, true)
            case is NIOTooManyBytesError: (.tooLarge, true)
            default: (.failed, true)
            }
        let reason = if case .tls(let fault) = kind { fault.reason } else { Self.reason(error) }
        self.init(
            kind: kind, reason: reason, cause: error, mayHaveArrived: mayHaveArrived, address: address)
    }

    private static let unreachable = [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH]

    /// Whether the error occurred while connecting. A connection in use may end because of a lost route, too.
    private static func isOfConnecting(_ error: IOError) -> Bool {
        error.errnoCode == ECONNREFUSED || error.description.firstBytes("connect(") != nil
            || error.description.firstBytes("non-blocking connect") != nil
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError: reason(error)
        case let error as DirectTransport.UnknownHost: Self.unknown(error.host)
        case let error as IOError: FileError.reason(error.errnoCode)
        case ChannelError.connectTimeout: "no answer to the connection attempt"
        case is ChannelError: "the connection was closed without an answer"
        case let error as HTTPClientError: reason(error)
        case let error as HTTPParserError where error == .invalidEOFState: "the answer broke off"
        case is HTTPParserError: "the answer is no HTTP"
        case is NIOTooManyBytesError: "the answer is too large"
        default: "the connection failed"
        }
    }

    /// The reasons for all addresses of a name, without duplicates.
    private static func reason(_ error: NIOConnectionError) -> String {
        let reasons = error.connectionErrors.map { reason($0.error) }.reduce(into: [String]()) { unique, reason in
            if !unique.contains(where: { $0.isExactly(reason) }) { unique.append(reason) }
        }
        return reasons.isEmpty
            ? unknown(error.host) : reasons.joined(separator: ", ")
    }

    private static func unknown(_ host: String) -> String { "the name \(host.printed(atMost: 80)) is not known" }

    private static func reason(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout: "no answer to the connection attempt"
        case .remoteConnectionClosed: "the connection was closed without an answer"
        case .tlsHandshakeTimeout: "the encrypted connection was not agreed on in time"
        case .writeTimeout: "the request was not taken in time"
        case .deadlineExceeded, .readTimeout: "no answer in time"
        default: "the connection failed"
        }
    }
}
