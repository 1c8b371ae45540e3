/// Tells the failure of servers from a failure of something else, such as the gateway's own link: when at least three
/// backends, and half of all, go down within ten seconds, their weights hold for a minute.
///
/// One that comes back shows that the gateway sees its servers again: the others then have ten more seconds to do so.
///
/// Without it, a gateway that has lost its inside network would take every server out, and clients would meet nothing
/// when the network is back. After the minute the verdicts are carried out: by then somebody has had an alarm, and
/// what is down that long is down for its clients as well.
///
/// A backend is one machine's address, however many targets of it are checked.
public struct FailureStorm<Backend: Hashable & Sendable>: Sendable {
    /// Milliseconds within which failures belong together.
    static var window: Int { 10_000 }
    /// Milliseconds for which the weights hold.
    static var duration: Int { 60_000 }
    /// The fewest backends that make a storm.
    static var fewest: Int { 3 }

    /// When each backend that is down went down, without those that went down before the window.
    private var falls: [Backend: Int] = [:]
    /// When the weights stop to hold; `nil`: there is no storm.
    public private(set) var end: Int?
    /// The backends that went down in the storm, and those that do before its end.
    public private(set) var held: Set<Backend> = []

    public init() {}

    /// A backend went down, or came back. Returns whether a storm begins.
    ///
    /// - Parameter count: the number of all backends that are checked.
    public mutating func record(_ backend: Backend, isDown: Bool, at instant: Int, of count: Int) -> Bool {
        expire(at: instant)
        guard isDown else {
            falls[backend] = nil
            if held.remove(backend) != nil, let end { self.end = min(end, instant + Self.window) }
            return false
        }
        if end != nil {
            held.insert(backend)
            return false
        }
        falls[backend] = instant
        guard falls.count >= Self.fewest, 2 * falls.count >= count else { return false }
        held = Set(falls.keys)
        falls = [:]
        end = instant + Self.duration
        return true
    }

    /// Forgets what is too long ago. Returns whether a storm ends, so that the verdicts count again.
    @discardableResult public mutating func expire(at instant: Int) -> Bool {
        falls = falls.filter { instant - $0.value <= Self.window }
        guard let end, instant >= end else { return false }
        self.end = nil
        held = []
        return true
    }
}
