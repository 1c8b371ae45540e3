import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names
import Text

/// One or more services.
struct ServiceNames: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The services: TYPE.INDEX, one or more.", valueName: "service"),
        completion: .names(.services), transform: NameArgument.read
    )
    var names: [String]

    func validate() throws { try Self.check(names) }

    static func check(_ names: [String]) throws {
        for name in names where ServiceName(name) == nil {
            throw ValidationError("\(name.printed(atMost: 80)) is no service; its name is TYPE.INDEX, like tg.3")
        }
    }
}

/// Servers or services whose state is set, all of them or none.
protocol StateTargets: ParsableArguments {
    /// Adds them to a change.
    func add(to change: inout StateChange)
    /// Whether a service is one of them, or on one of them.
    func contains(_ service: ServiceResource, at location: String?) -> Bool
    /// Why a change needs `--yes`: what it would do; `nil`: it does not.
    func objection(to report: ChangeReport) -> String?
    var yes: Bool { get }
}

/// One or more servers.
struct ServerTargets: StateTargets {
    @Argument(
        help: ArgumentHelp("The servers, one or more.", valueName: "server"), completion: .names(.servers),
        transform: NameArgument.read)
    var servers: [String]

    func add(to change: inout StateChange) { change.servers = servers.withoutRepetition }

    func contains(_ service: ServiceResource, at location: String?) -> Bool {
        servers.contains { $0.isExactly(service.server) }
    }

    func objection(to report: ChangeReport) -> String? { nil }
    var yes: Bool { false }
}

/// Services by name, or all that have some properties.
struct ServiceTargets: StateTargets {
    @Argument(
        help: ArgumentHelp(
            "The services: TYPE.INDEX, one or more; or --server, --type and --location, which combine.",
            valueName: "service"),
        completion: .names(.services), transform: NameArgument.read)
    var names: [String] = []

    @Option(help: "All services on a server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String?

    @Option(help: "All services of a type.", completion: .names(.types), transform: NameArgument.read)
    var type: String?

    @Option(help: "All services of a location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @Flag(help: ArgumentHelp("Change more than \(CarefulChange.handful) services that are not named."))
    var yes = false

    func validate() throws {
        try ServiceNames.check(names)
        switch (names.isEmpty, selection == nil) {
        case (true, true): throw ValidationError("name services, or select them by --server, --type or --location")
        case (false, false): throw ValidationError("services are either named or selected, not both")
        default: break
        }
    }

    private var selection: StateChange.Selection? {
        let selection = StateChange.Selection(type: type, server: server, location: location)
        return selection == StateChange.Selection() ? nil : selection
    }

    func add(to change: inout StateChange) {
        change.services = names.withoutRepetition
        change.select = selection
    }

    func contains(_ service: ServiceResource, at location: String?) -> Bool {
        guard selection != nil else { return names.contains { $0.isExactly(service.name) } }
        return type.map { $0 == service.type } ?? true && server.map { $0 == service.server } ?? true
            && self.location.map { $0 == location } ?? true
    }

    func objection(to report: ChangeReport) -> String? {
        guard selection != nil, report.changes.count > CarefulChange.handful else { return nil }
        return "\(report.changes.count) services would change"
    }
}

/// For how long a state is set.
struct StateDuration: ParsableArguments {
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "End the state by itself after this time (\(TimeSpan.forms)): ready follows.", valueName: "duration"))
    var text: String?

    var seconds: Int? { text.flatMap(TimeSpan.seconds) }

    func validate() throws {
        guard let text else { return }
        let seconds = TimeSpan.seconds(text)
        guard let seconds, Limits.stateSeconds.contains(seconds) else {
            let reason = seconds == nil ? "is not a time such as \(TimeSpan.forms)" : "is not from 1 second to 365 days"
            throw ValidationError("--for: \(text.printed(atMost: 40)) \(reason)")
        }
    }
}

/// A subcommand that brings servers or services into a state.
protocol StateCommand: ExportChangingCommand {
    associatedtype Targets: StateTargets
    static var state: ServiceState { get }
    var targets: Targets { get }
    /// The seconds after which the state ends; `nil`: it does not end.
    var seconds: Int? { get }
}

extension StateCommand {
    var seconds: Int? { nil }

    func run(_ client: AdminResources) async throws {
        var wanted = StateChange(state: Self.state, seconds: seconds)
        targets.add(to: &wanted)
        let careful = CarefulChange(options: change, isConfirmed: targets.yes, objection: targets.objection)
        let report = try await careful.report(client) { [wanted] dryRun in
            AdminRequest.change(.post, .states, dryRun: dryRun).json(wanted)
        }
        try change.finish(report)
        guard waiting.wait, !change.dryRun else { return }
        let wait = ConfirmationWait(client, within: connection.patience, without: waiting.without)
        let goals = try await goals(report, client)
        try await wait.run(goals)
        try await checkDrained(goals.reduce(into: []) { $0.formUnion($1.drained) }, client)
    }

    /// What is not in drain any more has no connections that are waited for, but may well have some: somebody has set
    /// another state meanwhile, or `--for` is over.
    private func checkDrained(_ names: Set<ExactText>, _ client: AdminResources) async throws {
        guard !names.isEmpty else { return }
        let present = Dictionary(
            try await client.services().map { (ExactText($0.name), $0.effectiveState.state.rawValue) },
            uniquingKeysWith: { first, _ in first })
        let others = names.sorted().filter { present[$0] != ServiceState.drain.rawValue }
        guard !others.isEmpty else { return }
        let list = others.map { "\($0.wrappedValue.printable) (\(present[$0] ?? "removed"))" }
        throw CommandError(
            "not in drain any more, so connections may be open: \(list.joined(atMost: 20))",
            hint: "`portcullis servers show` has what still drains at the gateways.")
    }

    /// The change at each location concerned; when draining, with the instances whose connections must end.
    private func goals(_ report: ChangeReport, _ client: AdminResources) async throws -> [ConfirmationWait.Goal] {
        let locations = Dictionary(
            try await client.servers().map { (ExactText($0.name), $0.location) },
            uniquingKeysWith: { first, _ in first })
        var goals = [ExactText: ConfirmationWait.Goal]()
        func add(_ location: String) {
            let goal = ConfirmationWait.Goal(location: location, generation: report.generation)
            goals[ExactText(location), default: goal].generation = report.generation
        }
        for change in report.export { add(change.location) }
        for service in try await client.services() {
            guard let location = locations[ExactText(service.server)], targets.contains(service, at: location)
            else { continue }
            add(location)
            guard Self.state == .drain, service.effectiveState.state == .drain else { continue }
            goals[ExactText(location)]?.drained.insert(ExactText(service.name))
        }
        return goals.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension AdminResources {
    func patch(_ service: String, _ patch: ServicePatch, dryRun: Bool) async throws -> ChangeReport {
        try await value(AdminRequest.change(.patch, .service(service), dryRun: dryRun).json(patch))
    }
}
