import AdminAPI

/// One way by which messages reach people.
///
/// Only its courier uses it, for one message after the other. A channel decides nothing about which notices are sent;
/// it may say when, and it may remember what its receiver was told.
protocol NoticeChannel: Sendable {
    /// Notices that one message can tell of.
    nonisolated var mostInDigest: Int { get }

    /// Tries once to deliver a message. A cancelled attempt counts as one that has not arrived.
    func deliver(_ message: NoticeMessage) async -> DeliveryResult

    /// Whether a message may be sent now.
    func readiness() async -> ChannelReadiness

    /// Sends again what its receiver must be told repeatedly, if it is time.
    /// - Returns: when to call it again; `nil`: there is nothing of the kind.
    func refresh() async -> ChannelRefresh

    /// What it remembers, to be kept in the store; `nil`: nothing.
    func memory() async -> String?

    /// Takes what it remembered before ADMIN's start.
    /// - Parameter isBegun: a message was begun then: nobody knows whether it was sent.
    func restore(_ memory: String?, isBegun: Bool) async

    /// Closes the connections. The next message opens new ones.
    func shutdown() async
}

extension NoticeChannel {
    nonisolated var mostInDigest: Int { 500 }
    func readiness() async -> ChannelReadiness { .ready }
    func refresh() async -> ChannelRefresh { ChannelRefresh() }
    func memory() async -> String? { nil }
    func restore(_ memory: String?, isBegun: Bool) async {}
}

/// Whether a channel may send now.
enum ChannelReadiness: Sendable, Equatable {
    case ready
    /// It has sent much: all that waits becomes one digest.
    case digest
    /// Nothing for that time.
    case wait(Duration)
}

/// What came of telling a receiver again.
struct ChannelRefresh: Sendable, Equatable {
    /// When it is to be told again; `nil`: never.
    var next: Duration?
    /// Why it could not be told.
    var problem: String?
}
