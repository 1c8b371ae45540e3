import Synchronization

/// Tells one waiter that something has changed, however often that was noted.
final class Changes: Sendable {
    private struct State {
        var isNoted = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Notes a change.
    func note() {
        let waiter = state.withLock { state in
            state.isNoted = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for a change that was not waited for yet, or the end of the time, or the task's end.
    func wait(atMost time: Duration) async {
        let alarm = Task {
            try? await Task.sleep(for: time)
            if !Task.isCancelled { self.note() }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isNoted = state.withLock { state in
                    if state.isNoted { return true }
                    state.waiter = continuation
                    return false
                }
                if isNoted { continuation.resume() }
            }
        } onCancel: {
            note()
        }
        alarm.cancel()
        state.withLock { $0.isNoted = false }
    }
}
