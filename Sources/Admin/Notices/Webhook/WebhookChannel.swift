import NIOHTTP1
import AdminAPI
import Crypto
import Foundation
import ServiceSupport
import Text

/// Sends messages to a URL.
struct WebhookChannel: NoticeChannel {
    /// What settings name, read from its files.
    struct Target: Sendable, Equatable {
        @ExactText var url: String
        /// The key of the signatures.
        var secret: [UInt8]?
        /// Certificates in PEM.
        var authorities: [UInt8]?
    }

    private let target: Target
    private let now: @Sendable () -> Date
    private let http: NoticeHTTP

    init(_ target: Target, now: @escaping @Sendable () -> Date) {
        self.target = target
        self.now = now
        http = NoticeHTTP(authorities: target.authorities)
    }

    func shutdown() async { await http.shutdown() }

    func deliver(_ message: NoticeMessage) async -> DeliveryResult {
        let body = message.jsonBytes
        let headers = Self.headers(id: message.id, body, at: now(), secret: target.secret)
        return switch await http.post(target.url, Array(body), headers) {
        case .answer(let status, let headers, _):
            DeliveryResult(status: status, retryAfter: headers.first(name: "Retry-After"), now: now())
        case .none(let reason): .unavailable(reason)
        }
    }

    /// The headers of a message that a receiver checks.
    static func headers(
        id: String, _ body: some Sequence<UInt8>, at time: Date, secret: [UInt8]?
    ) -> [(name: String, value: String)] {
        let stamp = "\(Int(time.timeIntervalSince1970))"
        var headers = [(name: "Portcullis-Notice", value: id), (name: "Portcullis-Timestamp", value: stamp)]
        if let secret {
            let signed = Array(stamp.utf8) + [UInt8(ascii: ".")] + Array(body)
            let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: secret))
            headers.append((name: "Portcullis-Signature", value: "sha256=\(code.hexadecimal)"))
        }
        return headers
    }
}

extension WebhookChannel.Target {
    /// Bytes of a key of signatures.
    private static let secretSizes = 16...4_096

    /// Reads the files of a channel's settings.
    ///
    /// Throws `SettingsError` with the channel's place.
    init(url: String, secretFile: String?, _ settings: NoticeChannelSettings) throws(SettingsError) {
        self.init(url: url, authorities: try settings.authorities())
        guard let path = secretFile else { return }
        let bytes = try settings.secret(path, "secret-file")
        guard Self.secretSizes.contains(bytes.count) else {
            throw SettingsError(
                "\(settings.place): secret-file \(path.printable): a key of signatures has "
                    + "\(Self.secretSizes.lowerBound) to \(Self.secretSizes.upperBound) bytes, this one has "
                    + "\(bytes.count)")
        }
        secret = bytes
    }
}
