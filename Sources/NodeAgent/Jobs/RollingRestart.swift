import AdminAPI
import Text

/// A restart of a service by its master, which starts the workers anew one at a time: what is to be known of its beginning,
/// so that an agent that is started meanwhile goes on.
struct RollingRestart {
    /// The start of the service whose workers are replaced.
    let instance: String
    /// The workers that there were.
    let workers: Set<String>
    /// When an earlier one had ended.
    let earlier: String?

    private static let head = "rolling"

    init(_ instance: String, _ situation: WorkersSituation) {
        self.instance = instance
        workers = Self.identities(situation)
        earlier = situation.reloadedAt
    }

    /// What `note` has written; `nil`: it is that of another kind of restart.
    init?(note: String) {
        let lines = note.splitBytes("\n").map(String.init)
        guard lines.count == 4, lines[0].isExactly(Self.head) else { return nil }
        instance = lines[1]
        workers = Set(lines[2].splitBytes(" ").map(String.init))
        earlier = lines[3].isEmpty ? nil : lines[3]
    }

    var note: String {
        [Self.head, instance, workers.sorted().joined(separator: " "), earlier ?? ""].joined(separator: "\n")
    }

    /// How far it has come.
    enum Progress: Equatable {
        /// All workers are those from before.
        case notBegun
        case underWay
        case done
        case failed(String)
    }

    func progress(_ situation: WorkersSituation) -> Progress {
        let now = Self.identities(situation)
        let isReady = !situation.workers.isEmpty && situation.workers.allSatisfy { $0.state == .ready }
        if situation.isReloading { return .underWay }
        if isReady, now.isDisjoint(with: workers) { return .done }
        if let problem = situation.reloadProblem, situation.reloadedAt != earlier { return .failed(problem) }
        if let problem = problemAfterwards(situation, now) { return .failed(problem) }
        return now == workers ? .notBegun : .underWay
    }

    /// What is wrong if the master has replaced all workers, each of which was ready, and one of them is in a pause since it
    /// has ended again. The pauses have no end, so waiting for it would have none either.
    private func problemAfterwards(_ situation: WorkersSituation, _ now: Set<String>) -> String? {
        guard situation.reloadedAt != earlier, now.isDisjoint(with: workers),
            situation.workers.contains(where: { $0.state == .waiting }), let problem = situation.problem
        else { return nil }
        return "new workers were ready, and have ended: \(problem)"
    }

    private static func identities(_ situation: WorkersSituation) -> Set<String> {
        Set(situation.workers.compactMap { worker in worker.process.map { "\($0):\(worker.start ?? 0)" } })
    }
}
