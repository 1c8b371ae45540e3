import Synchronization

/// Between the master's loop and the link's thread: each leaves there what the other takes, and neither waits.
package final class LinkBox: Sendable {
    private struct State {
        var news: [LinkNews] = []
        var snapshot: LinkSnapshot?
        /// Wakes the link.
        var changed: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called by the link's thread when there is something for the master.
    package init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    // MARK: The master's side

    /// What the link has left since the last call.
    package func take() -> [LinkNews] {
        state.withLock { state in
            defer { state.news = [] }
            return state.news
        }
    }

    /// Leaves what the master is now.
    package func tell(_ snapshot: LinkSnapshot) {
        let changed = state.withLock { state in
            guard state.snapshot != snapshot else { return nil as (@Sendable () -> Void)? }
            state.snapshot = snapshot
            return state.changed
        }
        changed?()
    }

    // MARK: The link's side

    /// Leaves something for the master. Of orders only the newest count.
    func put(_ news: LinkNews) {
        state.withLock { state in
            if case .orders = news {
                state.news.removeAll { if case .orders = $0 { true } else { false } }
            }
            state.news.append(news)
        }
        wake()
    }

    /// What the master is; `nil`: it has not said so yet.
    var snapshot: LinkSnapshot? { state.withLock { $0.snapshot } }

    /// Has something called whenever the master changes.
    func onChange(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.changed = body } }
}
