import CEvents
import Glibc
import ServiceSupport

/// Waits for descriptors (epoll(7)).
final class Poller {
    /// What a descriptor waits for.
    struct Interest: OptionSet {
        let rawValue: UInt32
        static let reading = Self(rawValue: EPOLLIN.rawValue)
        static let writing = Self(rawValue: EPOLLOUT.rawValue)
    }

    /// What has happened to a descriptor.
    struct Event {
        let tag: EventTag
        /// An error is pending, or both directions are closed.
        let isBroken: Bool
    }

    private let descriptor: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 256)
    private var count = 0

    init() throws(FileError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw FileError(path: "epoll", errno: errno) }
    }

    deinit { close(descriptor) }

    /// Watches a descriptor. One that is closed is watched no more.
    func add(_ watched: Int32, _ tag: EventTag, _ interest: Interest) -> Bool {
        control(EPOLL_CTL_ADD, watched, tag, interest)
    }

    func modify(_ watched: Int32, _ tag: EventTag, _ interest: Interest) {
        _ = control(EPOLL_CTL_MOD, watched, tag, interest)
    }

    private func control(_ operation: Int32, _ watched: Int32, _ tag: EventTag, _ interest: Interest) -> Bool {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: tag.rawValue))
        return epoll_ctl(descriptor, operation, watched, &event) == 0
    }

    /// Waits for events, for so many milliseconds at most. Returns their number.
    func wait(milliseconds: Int) -> Int {
        count = max(0, Int(epoll_wait(descriptor, &events, Int32(events.count), Int32(clamping: milliseconds))))
        return count
    }

    subscript(index: Int) -> Event {
        let event = events[index]
        return Event(
            tag: EventTag(rawValue: event.data.u64),
            isBroken: event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
    }
}

/// Whose descriptor an event is about. A probe's place is used again by a later one: the generation tells them apart.
struct EventTag: RawRepresentable, Equatable {
    let rawValue: UInt64

    enum Kind: UInt8 { case stop, daemon, probe, process, ping4, ping6 }

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(_ kind: Kind, place: Int = 0, generation: UInt32 = 0) {
        rawValue = UInt64(kind.rawValue) << 56 | UInt64(generation & 0xFF_FFFF) << 32 | UInt64(UInt32(place))
    }

    var kind: Kind? { Kind(rawValue: UInt8(rawValue >> 56)) }
    var place: Int { Int(UInt32(truncatingIfNeeded: rawValue)) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & 0xFF_FFFF }
}
