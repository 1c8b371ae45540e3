import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Text

/// What to tell when no answer came.
enum TransportErrorText {
    static func commandError(_ error: any Error, _ settings: Settings) -> CommandError {
        let url = settings.adminURL
        switch error {
        case let error as NIOConnectionError:
            let reasons = error.connectionErrors.map { reason($0.error) }.reduce(into: [String]()) { unique, reason in
                if !unique.contains(reason) { unique.append(reason) }
            }
            return unreachable(
                url, reasons.isEmpty ? "the name \"\(error.host)\" is not known" : reasons.joined(separator: ", "))
        case let error as IOError where [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH].contains(error.errnoCode):
            return unreachable(url, reason(error))
        case let error as HTTPClientError where error == .connectTimeout:
            return unreachable(url, "no answer to the connection attempt")
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            return CommandError(
                "\(url) did not answer within \(settings.timeout) s", hint: "A larger --timeout may help.")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            return CommandError("\(url) closed the connection without an answer")
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return tlsError(url, "\(error)")
        default:
            return CommandError("\(url): \(reason(error))")
        }
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
        return CommandError("\(url): TLS failed: \(text)")
    }

    private static func unreachable(_ url: AdminURL, _ reason: String) -> CommandError {
        CommandError(
            "ADMIN cannot be reached at \(url): \(reason)",
            hint: "Is portcullis-admin running there? Another address is named by --admin-url or PORTCULLIS_ADMIN_URL.")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: "connection refused"
        case let error as IOError where error.errnoCode == ENETUNREACH: "network unreachable"
        case let error as IOError where error.errnoCode == EHOSTUNREACH: "no route to host"
        case let error as ChannelError:
            if case .connectTimeout = error { "no answer to the connection attempt" } else { "\(error)" }
        default: "\(error)"
        }
    }
}
