import AdminAPI
import CommandLineSupport
import Names
import Text

/// The links of masters, and their workers, for people.
enum LinksText {
    static func workers(_ link: LinkResource) -> Table {
        Table(
            [
                .init("WORKER", .right), .init("PID", .right), .init("STATE", isState: true), "SINCE",
                .init("RESTARTS", .right), "STATUS", "PROBLEM",
            ],
            link.workers.map { worker in
                ["\(worker.worker)", worker.pid.map { "\($0)" } ?? "", worker.state.rawValue, worker.since]
                    + ["\(worker.restarts)", worker.status ?? "", worker.problem ?? ""]
            })
    }

    static func links(_ links: [LinkResource], isWide: Bool) -> Table {
        Table(
            [
                "SERVICE", "SERVER", .init("LINK", isState: true), "PHASE", "WORKERS", .init("RESTARTS", .right),
                "CONFIGURATION", "PROBLEM",
            ] + (isWide ? [.init("PID", .right), "SINCE", "VERSION", "LUA", "MASTER"] : []),
            links.map { link in
                [link.service, link.server, state(link), link.phase?.rawValue ?? "", workers(of: link)]
                    + ["\(link.workers.reduce(0) { $0 + $1.restarts })", configuration(of: link), problem(of: link)]
                    + (isWide ? details(of: link) : [])
            })
    }

    /// `connected`, `lost since 2027-01-15T08:00:00.000Z`
    static func state(_ link: LinkResource) -> String {
        link.state.rawValue + (link.silentSince.map { " since \($0)" } ?? "")
    }

    /// `4 ready`, `3 ready, 1 waiting`
    private static func workers(of link: LinkResource) -> String {
        let counts = Dictionary(grouping: link.workers, by: \.state).mapValues(\.count)
        return WorkerReport.State.allCases.sorted { a, _ in a == .ready }
            .compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }.joined(separator: ", ")
    }

    private static func configuration(of link: LinkResource) -> String {
        link.configurationState.map { $0 == .unused ? "not in use!" : $0.rawValue } ?? ""
    }

    /// `current`, `older`, `not in use: line 3`; `nil`: the master has told of none.
    static func configurationSentence(of link: LinkResource) -> String? {
        link.configurationState.map { state in
            state == .unused ? "not in use: \(link.configuration?.problem ?? "")" : state.rawValue
        }
    }

    private static func problem(of link: LinkResource) -> String {
        if let problem = link.configuration?.problem { return problem }
        guard let worker = link.workers.first(where: { $0.problem != nil }), let problem = worker.problem else {
            return ""
        }
        return "worker \(worker.worker): \(problem)"
    }

    private static func details(of link: LinkResource) -> [String] {
        [
            link.pid.map { "\($0)" } ?? "", link.startedAt ?? "", link.version.map { "\($0.prefix(12))" } ?? "",
            link.allowsLua ? "allowed" : "", link.program ?? "",
        ]
    }
}
