/// The place of one worker: the process that serves in it, the one that will, and those that leave it.
package struct WorkerPlace: Sendable, Equatable {
    package let number: Int
    /// Who has the place.
    package internal(set) var current: Worker?
    /// Who starts on the same sockets to take the place of `current`.
    package internal(set) var next: Worker?
    /// Who had the place: stopping, or kept for a debugger.
    package internal(set) var leaving: [Worker] = []
    package internal(set) var backOff = BackOff()
    /// Starts after failures.
    package internal(set) var restarts = 0
    /// Whether the place is empty by a failure.
    var hasFailed = false
    package internal(set) var lastEnd: LastEnd?
    /// When the next process is to start, in milliseconds, if the place is empty.
    package internal(set) var startAt: Int?
    /// Since when nobody has the place, in milliseconds.
    var emptySince: Int?
    /// The same by the wall clock.
    var emptyAt = 0
    var areSocketsClosed = false
    /// Counts what went wrong, for a reload that waits for a worker.
    var problems = 0

    init(number: Int) { self.number = number }

    /// Whether somebody serves.
    package var isServed: Bool { current?.phase == .ready }

    /// All processes of the place.
    package var workers: [Worker] { [current, next].compactMap(\.self) + leaving }

    /// Whether a new process may start: whoever was told to end has ended. One that is kept for a debugger does not count.
    var isFree: Bool { leaving.allSatisfy { $0.phase.isParked } }

    /// Nobody has the place from now on.
    mutating func becomeEmpty(at now: Moment) {
        emptySince = now.milliseconds
        emptyAt = now.wall
    }

    /// Changes the process of this generation, wherever in the place it is.
    mutating func change(_ generation: Int, _ body: (inout Worker) -> Void) {
        if current?.generation == generation {
            body(&current!)
        } else if next?.generation == generation {
            body(&next!)
        } else if let index = leaving.firstIndex(where: { $0.generation == generation }) {
            body(&leaving[index])
        }
    }
}
