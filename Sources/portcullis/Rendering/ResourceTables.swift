import AdminAPI
import CommandLineSupport
import Names
import Text

/// The tables of each kind of resource.
enum ResourceTables {
    static func locations(_ locations: [LocationResource]) -> Table {
        Table(["LOCATION", "DESCRIPTION"], locations.map { [$0.name, $0.description ?? ""] })
    }

    static func pools(_ pools: [PoolResource]) -> Table {
        Table(
            ["LOCATION", "POOL", "ADDRESSES"],
            pools.map { [$0.location, $0.name, $0.addresses.joined(separator: " ")] })
    }

    static func egress(_ rules: [EgressResource]) -> Table {
        Table(
            ["LOCATION", "EGRESS", "POOL", "FROM", "EXCEPT"],
            rules.map { rule in
                [rule.location, rule.name, rule.pool, rule.from.joined(separator: " ")]
                    + [rule.except.joined(separator: " ")]
            })
    }

    static func servers(_ servers: [ServerResource]) -> Table {
        Table(
            ["SERVER", "LOCATION", "KIND", .init("STATE", isState: true), "ADDRESSES", "LABELS"],
            servers.map { server in
                [server.name, server.location, server.kind.rawValue, StateText.text(server)]
                    + [server.addresses.joined(separator: " "), server.labels.joined(separator: " ")]
            })
    }

    static func secrets(_ secrets: [SecretResource]) -> Table {
        Table(
            ["SECRET", "KIND", .init("REVISION", .right), "CHANGED", "BY"],
            secrets.map { [$0.name, $0.kind.rawValue, "\($0.revision)", $0.changedAt, $0.changedBy] })
    }

    static func usage(_ usage: [SecretUsage]) -> Table {
        Table(
            ["SERVICE", .init("REVISION", .right), "CONFIGURATION", "SINCE", "LAST ASKED"],
            usage.map { one in
                [one.service, one.revision.map { "\($0)" } ?? "-", state(of: one), one.since ?? "never"]
                    + [one.last ?? "never"]
            })
    }

    static func usage(_ usage: [ConfigurationUsage]) -> Table {
        Table(
            ["SERVICE", "CONFIGURATION", "SINCE", "LAST ASKED"],
            usage.map { one in
                let state = one.since == nil ? "not fetched" : one.isCurrent ? "current" : "older"
                return [one.service, state, one.since ?? "never", one.last ?? "never"]
            })
    }

    private static func state(of usage: SecretUsage) -> String {
        guard usage.since != nil else { return "not fetched" }
        if usage.isCurrent { return "current" }
        return usage.isNamed ? "older" : "older; names it no more"
    }

    static func tokens(_ tokens: [TokenResource]) -> Table {
        Table(
            ["TOKEN", "ROLE", "OF", "CREATED", "EXPIRES", "LAST USED"],
            tokens.map { token in
                [token.name, token.role.rawValue, subject(of: token), token.createdAt]
                    + [token.expiresAt ?? "never", token.lastUsedAt ?? "never"]
            })
    }

    private static func subject(of token: TokenResource) -> String {
        token.service.map { service in token.server.map { "\(service) on \($0)" } ?? service } ?? token.gateway
            ?? token.server
            ?? ChangeScope(locations: token.locations ?? [], types: token.types ?? []).description
    }

    static func types(_ types: [TypeSummary]) -> Table {
        Table(
            ["TYPE", .init("REVISION", .right), "CHANGED", "BY"],
            types.map { [$0.type, "\($0.revision)", $0.changedAt, $0.changedBy] })
    }

    /// - Parameters:
    ///   - servers: the servers by name.
    ///   - health: `nil`: an older ADMIN does not tell it.
    ///   - runs: what the services do on their servers.
    static func services(
        _ services: [ServiceResource], servers: [String: ServerResource], health: ServiceHealth? = nil,
        runs: ServiceRuns = ServiceRuns()
    ) -> Table {
        let areInstalled = services.contains { $0.version != nil }
        return Table(
            ["SERVICE", "SERVER", "LOCATION", .init("STATE", isState: true), .init("WEIGHT", .right), "HEALTH"]
                + (areInstalled ? ["VERSION", "RUN"] : []),
            services.map { service in
                let server = servers[service.server]
                let location = server?.location ?? ""
                return [service.name, service.server, location, StateText.text(service, on: server)]
                    + [weight(service.weight), health?.text(of: service, at: location) ?? ""]
                    + (areInstalled ? [runs.version(of: service), runs.text(of: service)] : [])
            })
    }

    /// The services with what is known of their servers.
    static func services(
        _ services: [ServiceResource], on servers: [String: ServerResource], health: ServiceHealth?,
        runs: ServiceRuns = ServiceRuns(), links: LinkDirectory? = nil, isWide: Bool
    ) -> Table {
        let table = Self.services(services, servers: servers, health: health, runs: runs).with(links, of: services)
        guard isWide else { return table }
        return Table(
            table.columns + ["KIND", "ADDRESSES"],
            zip(table.rows, services).map { row, service in
                let server = servers[service.server]
                return row + [server?.kind.rawValue ?? "", server?.addresses.joined(separator: " ") ?? ""]
            })
    }

    /// The servers with the number of their services.
    static func servers(_ servers: [ServerResource], services: [ServiceResource]) -> Table {
        let table = Self.servers(servers)
        let counts = services.reduce(into: [:]) { $0[$1.server, default: 0] += 1 }
        return Table(
            table.columns + [.init("SERVICES", .right)],
            zip(table.rows, servers).map { row, server in row + ["\(counts[server.name] ?? 0)"] })
    }

    /// A single server: one property per line, followed by its services, and by what has left the export and drains.
    static func server(
        _ server: ServerResource, services: [ServiceResource], leaving: [LeavingServer], isColored: Bool
    ) -> String {
        let properties = Table(
            ["", ""],
            [
                ["server", server.name], ["location", server.location], ["kind", server.kind.rawValue],
                ["state", StateText.text(server)], ["addresses", server.addresses.joined(separator: " ")],
                ["labels", server.labels.isEmpty ? "none" : server.labels.joined(separator: " ")],
            ]
                + (server.drives ?? [:]).sorted { $0.key < $1.key }.map { name, path in
                    ["drive", "\(name.wrappedValue) at \(path)"]
                }
        ).body(indent: "")
        let table = Table(
            ["SERVICE", .init("STATE", isState: true), .init("WEIGHT", .right)],
            services.map { [$0.name, StateText.text($0, on: server), weight($0.weight)] })
        let list = services.isEmpty ? "no services" : table.text(hasHeading: true, isColored: isColored)
        let drains = leaving.map { "\n\($0.text)" }.joined()
        return properties + "\n\n" + list + (drains.isEmpty ? "" : "\n" + drains)
    }

    /// A single service: one property per line, followed by its rows in the export, and by its health.
    static func service(
        _ service: ServiceResource, on server: ServerResource, runs: ServiceRuns = ServiceRuns(),
        connections: DrainingConnections? = nil, rows: [ExportLine], health: [ServiceHealth.Row] = [],
        report: ServerService? = nil, crash: CrashGroup? = nil, link: LinkResource? = nil
    ) -> String {
        let isOwn = service.effectiveState.origin == .service
        let properties = Table(
            ["", ""],
            [
                ["service", service.name], ["server", service.server], ["location", server.location],
                ["state", StateText.text(service, on: server)],
            ] + (isOwn ? [] : [["its own", StateText.text(service.state, until: service.until)]])
                + (link.map { [["link", LinksText.state($0)]] } ?? [])
                + (link.flatMap { LinksText.configurationSentence(of: $0) }.map { [["config", $0]] } ?? [])
                + (connections.map { [["connections", $0.text]] } ?? [])
                + (service.move.map { [["move", "from \($0.from) to \($0.to), \($0.stage) since \($0.since)"]] } ?? [])
                + [["weight", service.weight.map { "\($0)" } ?? sectionWeight(of: service)]]
                + (service.version.map { version in
                    [
                        ["version", "\(version)"], ["manifest", service.digest ?? ""],
                        ["desired", service.desired?.rawValue ?? ""],
                        ["runs", runs.sentence(of: service)],
                    ] + (service.drive.map { [["drive", $0]] } ?? [])
                } ?? [])
                + (report.map { [["since", $0.since], ["restarts", "\($0.restarts)"]] } ?? [])
                + (report?.masterRestarts.map { [["master killed", "\($0.count) times, last at \($0.last)"]] } ?? [])
                + (crash.map { [["last crash", CrashText.last($0)]] } ?? [])
        ).body(indent: "")
        let workers = report.flatMap { $0.workers.isEmpty ? nil : "\n\n" + NodesText.workers($0.workers).text } ?? ""
        guard !rows.isEmpty else { return properties + workers + "\n\nnot exported" }
        let verdicts = health.isEmpty ? "" : "\n\n" + ServiceHealth.table(health).text
        return properties + workers + "\n\n" + export(rows).text + verdicts
    }

    /// Where the weight comes from of a service that has none of its own.
    private static func sectionWeight(of service: ServiceResource) -> String {
        guard let variant = service.version?.otherVariant else { return "the section's" }
        return "the section's debug-weight, as it runs the variant \(variant.printable)"
    }

    static func export(_ rows: [ExportLine]) -> Table {
        Table(
            ["SERVICE", "SECTION", "OUTSIDE", "INSIDE", .init("WEIGHT", .right), "BY"],
            rows.map { [$0.service, $0.section, $0.external, $0.backend, $0.weight, $0.treatment] })
    }

    static func marks(_ marks: [MarkResource]) -> Table {
        Table(
            [.init("MARK", .right), "TYPE", "SECTION", "PROTOCOL", "SINCE", "IN USE"],
            marks.map {
                ["\($0.mark)", $0.type, $0.section, $0.transport ?? "", $0.since ?? "", $0.inUse ? "yes" : "no"]
            })
    }

    static func events(_ events: [EventResource]) -> Table {
        Table(
            [.init("ID", .right), "TIME", "WHO", "WHAT", "KIND", "NAME", "CHANGE"],
            events.map { event in
                ["\(event.id)", event.time, event.actor, event.action.rawValue, event.kind.rawValue, event.name]
                    + [change(event)]
            })
    }

    static func jobs(_ jobs: [JobResource]) -> Table {
        Table(
            ["JOB", "SERVICE", "SERVER", "WHAT", "STATE", "MADE", "BY"],
            jobs.map { job in
                [job.id, job.subject, job.server, job.name ?? job.kind.rawValue, job.state.rawValue, job.createdAt]
                    + [job.createdBy]
            })
    }

    private static func weight(_ weight: Int?) -> String { weight.map { "\($0)" } ?? "-" }

    /// `3 s`, `12 min`, `5 h`, `9 d`
    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(max(0, seconds))) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3_600)) h"
        case ..<1e9: "\(Int(seconds / 86_400)) d"
        default: "long"
        }
    }

    private static func change(_ event: EventResource) -> String {
        switch (event.before, event.after) {
        case (let before?, let after?): "\(before) → \(after)"
        case (let text?, nil), (nil, let text?): text
        case (nil, nil): ""
        }
    }
}

extension Table {
    /// A table of services with a column for their links, where it is to be shown.
    fileprivate func with(_ links: LinkDirectory?, of services: [ServiceResource]) -> Table {
        guard let links, links.isShown(for: services) else { return self }
        return Table(
            columns + [.init("LINK", isState: true)],
            zip(rows, services).map { row, service in row + [links.text(of: service)] })
    }
}
