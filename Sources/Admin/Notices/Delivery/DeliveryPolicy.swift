import Times
import Foundation
import Registry
import Text

/// What came of an attempt to deliver a message.
enum DeliveryResult: Sendable, Equatable {
    case delivered
    /// The receiver does not want this message as it is.
    case refused(String)
    /// The receiver asks for patience, for so many seconds.
    case later(Int, String)
    /// The receiver cannot be reached, or has a fault.
    case unavailable(String)
    /// The next attempt differs from this one: it may be made as soon as the channel is ready.
    case again(String)

    /// Why the message is not delivered.
    var problem: String? {
        switch self {
        case .delivered: nil
        case .refused(let reason), .later(_, let reason), .unavailable(let reason), .again(let reason): reason
        }
    }

    /// What an answer means.
    /// - Parameter retryAfter: the header Retry-After: seconds, or a date.
    init(status: UInt, retryAfter: String?, now: Date) {
        switch status {
        case 200..<300: self = .delivered
        case 429, 503:
            if let seconds = retryAfter.flatMap({ Self.seconds($0, now: now) }) {
                self = .later(min(seconds, DeliveryPolicy.longestPatience), "it answers \(status)")
            } else {
                self = .unavailable("it answers \(status)")
            }
        case 408, 425, 500...: self = .unavailable("it answers \(status)")
        case 300..<400: self = .refused("it answers \(status), and redirects are not followed")
        default: self = .refused("it answers \(status)")
        }
    }

    /// The seconds of Retry-After (RFC 9110, section 10.2.3).
    static func seconds(_ text: String, now: Date) -> Int? {
        if !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return Int(text)
        }
        return InternetTime.date(ofHeader: text).map { max(0, Int($0.timeIntervalSince(now).rounded(.up))) }
    }
}

/// When a message is tried again.
enum DeliveryPolicy {
    /// How often a message is refused until it is given up.
    static let mostRefusals = 5
    /// Seconds for which a receiver may ask for patience.
    static let longestPatience = 3_600
    /// The longest pause after failures, in seconds.
    static let longestPause = 300.0

    /// The pause after so many failures in a row, at least one: a second, doubled each time, up to five minutes.
    /// - Parameter jitter: from 0 to 1; it moves the pause by up to a quarter, so that channels do not knock together.
    static func pause(after failures: Int, jitter: Double) -> Duration {
        let base = min(longestPause, Double(1 << min(max(failures, 1) - 1, 10)))
        return .milliseconds(Int(base * (0.75 + jitter / 2) * 1_000))
    }
}
