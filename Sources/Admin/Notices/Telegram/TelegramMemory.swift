import AdminAPI
import Foundation
import Names

/// What the channel remembers of its chat, also beyond a restart of ADMIN.
struct TelegramMemory: Sendable, Hashable, Codable {
    /// A digest that is edited in place.
    struct Live: Sendable, Hashable, Codable {
        /// Telegram's number of the message.
        var message: Int
        /// Milliseconds since 1970.
        var sentAt: Int
        var editedAt: Int
        var content: TelegramDigest

        /// A digest is edited for so many milliseconds.
        private static let lifetime = 600_000
        /// Nobody hears of an edit: something critical is told by a new message once this time is over.
        private static let silence = 60_000

        /// Whether it can tell of these notices, too. What is worse than all that it tells of is told by a new message.
        func takes(_ message: NoticeMessage, at now: Int) -> Bool {
            guard now >= sentAt, now - sentAt < Self.lifetime, message.severity <= content.worst else { return false }
            return message.severity < .critical || now - sentAt < Self.silence
        }
    }

    var pace = TelegramPace()
    /// The number that the group has now, where it differs from the settings.
    var chat: String?
    var digest: Live?

    /// Many came a short time ago, so what comes is added to the digest.
    func isGathering(at now: Int) -> Bool {
        digest.map { now >= $0.editedAt && now - $0.editedAt < TelegramPace.window } ?? false
    }

    /// As it is stored.
    var text: String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension TelegramMemory {
    /// Reads what was stored; `nil` if it is of another version.
    init?(text: String) {
        guard let memory = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = memory
    }
}
