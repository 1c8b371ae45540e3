import Dispatch
import Glibc
import Synchronization

/// Work on many files by several threads.
package enum ParallelWork {
    /// As many threads as there are cores, 8 at most: disks do not get faster by more.
    package static let width = min(8, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Calls `body` for each element, several at a time, and returns the results in the order of the elements.
    ///
    /// - Throws: the first error; what has not begun by then does not begin.
    package static func map<Element: Sendable, Value: Sendable>(
        _ elements: [Element], width: Int = width, _ body: @Sendable (Element) throws -> Value
    ) throws -> [Value] {
        let state = Mutex(WorkState<Value>(values: [Value?](repeating: nil, count: elements.count)))
        DispatchQueue.concurrentPerform(iterations: min(width, max(elements.count, 1))) { _ in
            while true {
                let next = state.withLock { state -> Int? in
                    guard state.failure == nil, state.next < elements.count else { return nil }
                    defer { state.next += 1 }
                    return state.next
                }
                guard let next else { return }
                do {
                    let value = try body(elements[next])
                    state.withLock { $0.values[next] = value }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.values.compactMap(\.self)
        }
    }
}

/// How far the work is.
private struct WorkState<Value> {
    var next = 0
    var values: [Value?]
    var failure: (any Error)?

    init(values: [Value?]) { self.values = values }
}
