package import JSON
package import Text

/// The jobs of ADMIN that a master has begun, and what has become of them. Each is begun once: the book is written down
/// before, and what a next master finds begun and not ended is `unknown`.
package struct MasterJobBook: Sendable, Equatable {
    /// The raw values are in the file and in reports.
    package enum State: String, Sendable {
        case running, succeeded, failed, unknown
    }

    package struct Entry: Sendable, Equatable {
        package fileprivate(set) var state: State
        /// Wall-clock seconds.
        package let startedAt: Int
        package fileprivate(set) var endedAt: Int?
        package fileprivate(set) var problem: String?
        package fileprivate(set) var output: String
        /// In milliseconds of CLOCK_MONOTONIC.
        fileprivate let deadline: Int
    }

    package private(set) var entries: [ExactText: Entry] = [:]

    package init() {}

    /// Forgets what has ended and is ordered no more, and notes what is new. Returns what is to be begun, in the order of
    /// the identifiers.
    package mutating func follow(_ jobs: [MasterJob], at now: Moment) -> [MasterJob] {
        let ordered = Set(jobs.map { ExactText($0.id) })
        entries = entries.filter { $0.value.state == .running || ordered.contains($0.key) }
        var begun: [MasterJob] = []
        for job in jobs.sorted(by: { ExactText($0.id) < ExactText($1.id) }) where entries[ExactText(job.id)] == nil {
            let isLate = job.patience <= 0
            entries[ExactText(job.id)] = Entry(
                state: isLate ? .failed : .running, startedAt: now.wall, endedAt: isLate ? now.wall : nil,
                problem: isLate ? "its deadline was over before the service's master got it" : nil, output: "",
                deadline: now.milliseconds + job.patience)
            if !isLate { begun.append(job) }
        }
        return begun
    }

    /// Notes the end of a job; `problem`: why it has failed. Whatever ended before stays as it was.
    package mutating func end(_ id: String, problem: String?, output: String = "", at now: Moment) {
        guard var entry = entries[ExactText(id)], entry.state == .running else { return }
        entry.state = problem == nil ? .succeeded : .failed
        entry.endedAt = now.wall
        entry.problem = problem
        entry.output = output
        entries[ExactText(id)] = entry
    }

    /// Ends the jobs whose deadline is over. What they have begun goes on.
    package mutating func expire(at now: Moment) {
        for (id, entry) in entries where entry.state == .running && entry.deadline <= now.milliseconds {
            end(id.wrappedValue, problem: "it had not ended at its deadline, and may go on", at: now)
        }
    }

    /// When the next job expires, in milliseconds.
    package var nextDeadline: Int? { entries.values.filter { $0.state == .running }.map(\.deadline).min() }

    // MARK: The file

    /// What is written down.
    package var json: JSONValue {
        .object(
            entries.sorted { $0.key < $1.key }.map { id, entry in
                var value: [JSONValue.Member] = [
                    .init(name: "state", value: .string(entry.state.rawValue)),
                    .init(name: "startedAt", value: .integer(entry.startedAt)),
                    .init(name: "output", value: .string(entry.output)),
                ]
                if let endedAt = entry.endedAt { value.append(.init(name: "endedAt", value: .integer(endedAt))) }
                if let problem = entry.problem { value.append(.init(name: "problem", value: .string(problem))) }
                return .init(name: id.wrappedValue, value: .object(value))
            })
    }

    /// What an earlier master has written down. Nobody knows how its jobs that had not ended have come out.
    package init(_ json: JSONValue, at now: Moment) {
        guard case .object(let members) = json else { return }
        for member in members {
            guard let state = member.value["state"]?.string.flatMap(State.init),
                let startedAt = member.value["startedAt"]?.integer
            else { continue }
            let isOver = state != .running
            entries[ExactText(member.name)] = Entry(
                state: isOver ? state : .unknown, startedAt: startedAt,
                endedAt: isOver ? member.value["endedAt"]?.integer : now.wall,
                problem: isOver
                    ? member.value["problem"]?.string : "the service's master was ended while it worked at it",
                output: member.value["output"]?.string ?? "", deadline: .max)
        }
    }
}
