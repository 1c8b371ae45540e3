import CEvents

/// Waits for descriptors (epoll(7)).
final class Poller {
    /// What a descriptor is. Of the descriptors of a process the generation is told, too; of an output, its descriptor.
    enum Source: UInt64 {
        case signals, notify, keeper, files, process, crash, control, fault, output, link
    }

    struct Event {
        let source: Source
        let generation: Int
    }

    private let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    private var events = [epoll_event](repeating: epoll_event(), count: 64)

    /// - Parameter isEdge: whether to tell of it only when there is more than before.
    func add(_ watched: Int32, _ source: Source, generation: Int = 0, isEdge: Bool = false) {
        let tag = source.rawValue << 56 | UInt64(generation)
        let events = EPOLLIN.rawValue | (isEdge ? EPOLLET.rawValue : 0)
        var event = epoll_event(events: events, data: epoll_data_t(u64: tag))
        epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event)
    }

    /// Must come before a descriptor is closed: the keeper's copy would keep it watched.
    func remove(_ watched: Int32) {
        var event = epoll_event()
        epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, &event)
    }

    /// Waits for events until a moment, or without an end.
    func wait(milliseconds: Int?) -> [Event] {
        let limit = milliseconds.map { Int32(clamping: max(0, $0)) } ?? -1
        let count = epoll_wait(descriptor, &events, Int32(events.count), limit)
        return events.prefix(Int(max(0, count))).compactMap { event in
            let tag = event.data.u64
            guard let source = Source(rawValue: tag >> 56) else { return nil }
            return Event(source: source, generation: Int(tag & 0xFF_FFFF_FFFF_FFFF))
        }
    }
}
