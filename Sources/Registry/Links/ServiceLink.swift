import AdminAPI
import Foundation

/// The link of a service's master on one server, as the roster knows it.
struct ServiceLink: Sendable {
    /// A service on a server: while a service moves, two masters may be in touch.
    struct ID: Sendable, Hashable, Comparable {
        let service: String
        let server: String

        static func < (a: Self, b: Self) -> Bool { (a.service, a.server) < (b.service, b.server) }
    }

    /// When the last request came, by `Registry.uptime`. What ADMIN sends into a broken connection is no sign of life.
    var heard: Duration
    /// The same by the clock.
    var heardAt: Date
    var report: HeardReport<ServiceReportMessage>?
    /// What was last told to those who follow the links.
    var told: LinkResource.State = .connected

    /// - Parameter now: by `Registry.uptime`.
    func state(at now: Duration) -> LinkResource.State {
        switch now - heard {
        case ...Duration.seconds(Limits.linkSuspicion): .connected
        case ...Duration.seconds(Limits.linkLoss): .suspect
        default: .lost
        }
    }

    /// Whether the master has said that it is about to end.
    var isEnding: Bool { report?.report.phase == .stopping }
}
