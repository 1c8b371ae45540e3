package import AdminAPI

/// What is to be done for a service. Placing and the process do not wait for each other: while a version is fetched, the
/// one before is served and started again if it ends.
package struct ServicePlan: Sendable, Hashable {
    /// Steps by which versions come and go, in order.
    package var placing: [ServiceStep] = []
    /// Steps with the process, in order.
    package var process: [ServiceStep] = []
    package var state: ServerService.State
    /// Why it is not as it should be.
    package var problem: String?
    /// Whether the assigned version is not taken, and will not be by itself; `problem` says why.
    package var isRefused = false
    /// What an operator should know although it is as assigned.
    package var remark: String?

    package init(state: ServerService.State) { self.state = state }

    /// All steps, in the order in which they are shown.
    package var steps: [ServiceStep] { placing.filter { !$0.isRemoval } + process + placing.filter(\.isRemoval) }

    /// Whether the service is as its assignment says.
    package var isCarriedOut: Bool { steps.allSatisfy(\.isRemoval) && problem == nil }
}

extension ServicePlan {
    /// Leaves a service that does not run as it is.
    mutating func withhold(_ reason: String) {
        state = .stopped
        process = []
        problem = problem ?? reason
    }
}

extension ServiceStep {
    var isStart: Bool { if case .start = self { true } else { false } }
    fileprivate var isRemoval: Bool { if case .remove = self { true } else { false } }
}
