import Text
import Foundation
import Logging
import ServiceSupport

/// Where a channel sends to, with what its settings' files hold.
enum NoticeTarget: Sendable, Equatable {
    case webhook(WebhookChannel.Target)
    case telegram(TelegramChannel.Target)
    case alertmanager(AlertmanagerChannel.Target)
    case email(EmailChannel.Target)

    /// Reads the files of a channel's settings.
    ///
    /// Throws `SettingsError` with the channel's place.
    init(_ settings: NoticeChannelSettings) throws(SettingsError) {
        switch settings.way {
        case .webhook(let url, let secretFile):
            self = .webhook(try .init(url: url.wrappedValue, secretFile: secretFile, settings))
        case .email(let email): self = .email(try .init(email, settings))
        case .telegram(let telegram): self = .telegram(try .init(telegram, settings))
        case .alertmanager(let url):
            self = .alertmanager(.init(url: url.wrappedValue, authorities: try settings.authorities()))
        }
    }

    /// The channel itself.
    func channel(now: @escaping @Sendable () -> Date, logger: Logger) -> any NoticeChannel {
        switch self {
        case .webhook(let target): WebhookChannel(target, now: now)
        case .telegram(let target): TelegramChannel(target, now: now)
        case .email(let target): EmailChannel(target, now: now, logger: logger)
        case .alertmanager(let target): AlertmanagerChannel(target, now: now)
        }
    }
}
