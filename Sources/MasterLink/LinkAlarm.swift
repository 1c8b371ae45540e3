import NIOCore
import Synchronization

/// Wakes one waiter on an event loop when something was noted, however often, or when its time is over.
final class LinkAlarm: Sendable {
    private struct State {
        var isNoted = false
        var waiter: EventLoopPromise<Void>?
    }

    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func note() {
        let waiter = state.withLock { state in
            state.isNoted = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.succeed()
    }

    /// Waits for something that was not waited for yet, or the end of the time.
    func wait(atMost limit: Duration) async {
        let eventLoop = eventLoop
        let waiter = state.withLock { state in
            guard !state.isNoted else { return nil as EventLoopPromise<Void>? }
            let waiter = eventLoop.makePromise(of: Void.self)
            state.waiter = waiter
            return waiter
        }
        if let waiter {
            let end = eventLoop.scheduleTask(in: TimeAmount(limit)) { self.end() }
            try? await waiter.futureResult.get()
            end.cancel()
        }
        state.withLock { $0.isNoted = false }
    }

    private func end() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.succeed()
    }
}
