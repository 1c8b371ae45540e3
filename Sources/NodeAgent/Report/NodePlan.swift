package import AdminAPI
import ServiceSupport
import Text

/// What a node would do, for people: nothing is written.
package struct NodePlan: Sendable {
    /// Lines, each a service and its step.
    package private(set) var lines: [String] = []
    /// Why something is not as it should be.
    package private(set) var problems: [String] = []

    /// Plans from what there is on this server.
    ///
    /// - Parameter isAnswered: whether the assignments are what ADMIN says now, so that services with a lease may start.
    package init(_ stored: StoredAssignments, isAnswered: Bool, _ configuration: NodeConfiguration) throws {
        let directory = NodeDirectory(configuration.root)
        let shelf = ManifestShelf(
            directory: directory, keys: configuration.trustedKeys, takesUnsigned: configuration.takesUnsigned)
        let now = ProcessTable.bootMilliseconds
        for (name, assignment) in stored.all.sorted(by: { $0.key < $1.key }) {
            let order = ServiceOrder(assignment)
            var observer = ServiceObserver(name.wrappedValue, directory, shelf)
            var situation = try observer.look(order)
            if isAnswered, stored.assignments.services[name] != nil { situation.leaseEnd = .max }
            let plan = ServicePlanner.plan(name.wrappedValue, order, situation, at: now)
            for step in plan.steps { lines.append("\(name.wrappedValue): \(step.text(now: now))") }
            if let problem = plan.problem ?? plan.remark { problems.append("\(name.wrappedValue): \(problem)") }
        }
        for (id, reason) in stored.assignments.refusedJobs.sorted(by: { $0.key < $1.key }) {
            problems.append("job \(id.wrappedValue.printed(atMost: 80)): it is refused: \(reason)")
        }
        for name in directory.services where stored.all[ExactText(name)] == nil {
            problems.append("\(name): it is here, and not assigned; it stays as it is")
        }
    }

    /// The assignments of a file, checked: as ADMIN sends them.
    package static func assignments(
        reading bytes: [UInt8], of path: String, _ configuration: NodeConfiguration
    ) throws -> Assignments {
        do {
            return try Assignments(json: bytes, .tolerant).checked(for: configuration.server)
        } catch {
            throw FileError("read", path, reason: "\(error)")
        }
    }
}
