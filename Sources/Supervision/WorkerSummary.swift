import Text

/// A worker's place in a few words, for reports.
package struct WorkerSummary: Sendable, Equatable {
    /// The raw values are in the state file and in reports.
    package enum State: String, Sendable {
        case starting, ready, stopping, crashed, hung
        /// There is no process until a pause is over.
        case waiting
    }

    package let number: Int
    package let process: Int?
    package let state: State
    /// Wall-clock seconds.
    package let since: Int
    package let restarts: Int
    /// What the worker says of itself.
    package let status: String
    /// Why it is not as it should be; `nil`: it is.
    package let problem: String?

    package init(
        number: Int, process: Int?, state: State, since: Int, restarts: Int, status: String, problem: String?
    ) {
        self.number = number
        self.process = process
        self.state = state
        self.since = since
        self.restarts = restarts
        self.status = status
        self.problem = problem
    }
}

extension Supervisor {
    /// The places of the workers, in the order of their numbers.
    package var summaries: [WorkerSummary] {
        places.map { place in
            let worker = place.current
            let parked = place.leaving.last { $0.phase.isParked }
            let state = (worker ?? parked).flatMap { WorkerSummary.State(rawValue: $0.phase.rawValue) } ?? .waiting
            return WorkerSummary(
                number: place.number, process: (worker ?? parked)?.process?.pid, state: state,
                since: worker?.since.wall ?? parked?.since.wall ?? place.emptyAt, restarts: place.restarts,
                status: worker?.status ?? "",
                problem: state == .ready || state == .stopping ? nil : place.lastEnd.map(\.text))
        }
    }
}

extension LastEnd {
    /// In words: `it was ended by signal 9`.
    package var text: String {
        if let reason { return reason.printable }
        switch (kind, code) {
        case (.exited, let code?): return "it ended with status \(code)"
        case (.killed, let code?), (.crashed, let code?):
            return "it \(kind == .crashed ? "crashed with" : "was ended by") signal \(code)"
        case (.hung, _): return "it gave no sign of life"
        case (.notReady, _): return "it was not ready in time"
        case (.crashed, nil): return "it crashed"
        case (.exited, nil), (.killed, nil), (.failed, _): return "it ended"
        }
    }
}
