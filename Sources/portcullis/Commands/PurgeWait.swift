import AdminAPI
import AdminClient
import CommandLineSupport
import Names
import Text

/// Waits until a server's node has removed what a service has left there.
struct PurgeWait {
    private let service: String
    private let server: String
    private let client: AdminResources
    private let seconds: Int
    private let deadline: ContinuousClock.Instant

    /// - Parameters:
    ///   - seconds: the time after which the wait fails.
    ///   - start: when that time began.
    init(
        _ service: String, on server: String, _ client: AdminResources, within seconds: Int,
        since start: ContinuousClock.Instant
    ) {
        self.service = service
        self.server = server
        self.client = client
        self.seconds = seconds
        deadline = start + .seconds(seconds)
    }

    /// Returns when nothing is left. Throws `CommandError` when the node is silent, or the time is over.
    func run() async throws {
        var progress = WaitProgress()
        defer { progress.end() }
        var open = "\(server) to remove \(service)"
        while true {
            do {
                let detail: NodeDetail = try await client.value(AdminRequest(.get, .node(of: server)))
                guard detail.remains.contains(where: { $0.service.isExactly(service) && $0.isPurged }) else { return }
                if let silence = Self.silence(of: detail.node) { throw pending("\(server) \(silence)") }
                open = text(of: detail)
                progress.show(open)
            } catch let error as CommandError where error.isTransient && ContinuousClock.now < deadline {
                // ADMIN is being restarted, or cannot be reached for now.
            }
            guard ContinuousClock.now < deadline else {
                progress.end()
                throw pending("after \(seconds) s it still waits for \(open)")
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    private func pending(_ reason: String) -> CommandError {
        CommandError(
            "the purge of \(service) on \(server) is pending: \(reason)".printable,
            hint: "The order stays, and is carried out as soon as the node can; the same command waits for it.")
    }

    /// Why nothing is to be expected of a node for now; `nil`: something is.
    private static func silence(of node: NodeResource) -> String? {
        switch node.state {
        case .present, .unheard: nil
        case .silent: "was last heard of \(ResourceTables.duration(node.age ?? 0)) ago"
        case .lost: "is lost"
        }
    }

    /// `app3 to remove pgw.1: bin: Permission denied`
    private func text(of detail: NodeDetail) -> String {
        let problem = detail.report?.services[ExactText(service)]?.problem.map { ": \($0)" } ?? ""
        let isUnheard = detail.node.state == .unheard ? ", whose node was not heard of since ADMIN started" : ""
        return "\(server)\(isUnheard) to remove \(service)\(problem)".printable
    }
}
