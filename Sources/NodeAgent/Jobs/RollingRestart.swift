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
        return now == workers ? .notBegun : .underWay
    }

    private static func identities(_ situation: WorkersSituation) -> Set<String> {
        Set(situation.workers.compactMap { worker in worker.process.map { "\($0):\(worker.start ?? 0)" } })
    }
}
