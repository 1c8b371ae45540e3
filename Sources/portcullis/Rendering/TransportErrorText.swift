import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceSupport
import Text

/// What to tell when no answer came. No text of a library gets into it: those are for who wrote the library.
enum TransportErrorText {
    /// - Parameter request: what was asked; of a change it may not be known whether it was made.
    static func commandError(_ error: any Error, _ settings: Settings, _ request: AdminRequest) -> CommandError {
        let url = settings.adminURL
        switch error {
        case let error as NIOConnectionError:
            let reasons = error.connectionErrors.map { reason($0.error) }.reduce(into: [String]()) { unique, reason in
                if !unique.contains(reason) { unique.append(reason) }
            }
            return unreachable(
                url,
                reasons.isEmpty
                    ? "the name \(error.host.printed(atMost: 80)) is not known" : reasons.joined(separator: ", "))
        case let error as IOError where [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH].contains(error.errnoCode):
            return unreachable(url, reason(error))
        case let error as HTTPClientError where error == .connectTimeout:
            return unreachable(url, "no answer to the connection attempt")
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return tlsError(url, "\(error)")
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            return unanswered(
                "\(url) did not answer within \(settings.timeout) s", request, hint: "A larger --timeout may help.")
        case is NIOTooManyBytesError:
            return unanswered("the answer of \(url) is larger than this command reads", request)
        default:
            return unanswered("\(url): \(reason(error))", request)
        }
    }

    /// The request may have arrived.
    private static func unanswered(_ message: String, _ request: AdminRequest, hint: String? = nil) -> CommandError {
        guard request.isChange else { return CommandError(message, hint: hint, isTransient: true) }
        return CommandError(
            "\(message); the change may have been made all the same",
            hint: "`portcullis events` shows whether it was. Look before you try again.", isTransient: true)
    }

    /// - Parameter text: what the TLS library says; its reason stands in capital letters somewhere in it.
    static func tlsError(_ url: AdminURL, _ text: String) -> CommandError {
        func has(_ word: StaticString) -> Bool { text.firstBytes(word) != nil }
        if has("CERTIFICATE_VERIFY_FAILED") || has("unableToValidateCertificate") {
            return CommandError(
                "\(url) has a certificate that is not trusted",
                hint: "If it is of your own authority, name that with --ca-file or PORTCULLIS_CA_FILE.")
        }
        if has("WRONG_VERSION_NUMBER") || has("HTTP_REQUEST") {
            return CommandError("\(url) does not speak TLS", hint: "Is it an http:// address?")
        }
        if has("failedToValidateHostname") {
            return CommandError("\(url) has a certificate for another name")
        }
        if has("uncleanShutdown") {
            return CommandError("\(url) ended the encrypted connection without an answer", isTransient: true)
        }
        return CommandError("\(url): no encrypted connection could be agreed on")
    }

    private static func unreachable(_ url: AdminURL, _ reason: String) -> CommandError {
        CommandError(
            "ADMIN cannot be reached at \(url): \(reason)",
            hint: "Is portcullis-admin running there? Another address is named by --admin-url or PORTCULLIS_ADMIN_URL.",
            isTransient: true)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: FileError.reason(error.errnoCode)
        case ChannelError.connectTimeout: "no answer to the connection attempt"
        case is ChannelError: "the connection was closed without an answer"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            "the connection was closed without an answer"
        case let error as HTTPClientError where error == .tlsHandshakeTimeout:
            "the encrypted connection was not agreed on in time"
        case let error as HTTPClientError where error == .writeTimeout: "the request was not taken in time"
        case is HTTPParserError: "the answer is no HTTP"
        default: "the connection failed"
        }
    }
}
