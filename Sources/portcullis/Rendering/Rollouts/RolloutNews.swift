import AdminAPI
import Foundation
import JSON
import Text

/// A stage that an instance of a rollout has entered.
struct RolloutNews: Equatable {
    let rollout: String
    let instance: RolloutResource.Instance
    /// Whether it has just turned back.
    let hasTurned: Bool

    /// The stages that instances have entered between two answers, in the rollout's order; of the first answer those of
    /// the instances that have begun, and are not done. A stage that has passed between two answers is not among them.
    /// Cost: linear in the instances.
    static func between(_ before: RolloutResource?, and now: RolloutResource) -> [RolloutNews] {
        let known = Dictionary(
            (before?.instances ?? []).map { (ExactText($0.service), $0) }, uniquingKeysWith: { first, _ in first })
        return (now.instances ?? []).compactMap { instance in
            guard let last = known[ExactText(instance.service)] else {
                let isNews = before != nil || !["waiting", "done"].contains { instance.stage.isExactly($0) }
                return isNews
                    ? RolloutNews(rollout: now.id, instance: instance, hasTurned: instance.isGoingBack) : nil
            }
            let hasTurned = instance.isGoingBack && !last.isGoingBack
            guard hasTurned || !instance.stage.isExactly(last.stage) else { return nil }
            return RolloutNews(rollout: now.id, instance: instance, hasTurned: hasTurned)
        }
    }

    /// One line: `pgw.2 on app2: draining`, `pgw.2 on app2: starting, going back: its tests have failed`.
    var text: String {
        let place = instance.server.map { " on \($0)" } ?? ""
        let way = instance.isGoingBack && !instance.stage.isExactly("done") ? ", going back" : ""
        let back = instance.isGoingBack && instance.stage.isExactly("done") ? ", back at \(before)" : ""
        let isProblem = hasTurned || instance.stage.isExactly("stuck")
        let problem = isProblem ? instance.problem.map { ": \($0)" } ?? "" : ""
        return "\(instance.service)\(place): \(instance.stage)\(way)\(back)\(problem)".printable
    }

    private var before: String { instance.before ?? "no version" }

    /// The event for programs.
    /// - Parameter now: when the answer came.
    func json(now: Date) -> JSONValue {
        let entered = now.addingTimeInterval(-Double(instance.seconds)).formatted(.iso8601)
        var members: [JSONValue.Member] = [
            .init(name: "rollout", value: .string(rollout)), .init(name: "service", value: .string(instance.service)),
            .init(name: "stage", value: .string(instance.stage)),
            .init(name: "goingBack", value: .bool(instance.isGoingBack)), .init(name: "at", value: .string(entered)),
        ]
        if let problem = instance.problem { members.append(.init(name: "problem", value: .string(problem))) }
        return .object(members)
    }
}
