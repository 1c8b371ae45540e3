import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import JSON
import Names
import Text

/// The states a service can be named in on the command line.
extension ServiceState: ExpressibleByArgument {}
extension HealthVerdict: ExpressibleByArgument {}

struct ListServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List service instances, sorted by name, server, location or state.")

    @Option(help: "Only those of a service type.", completion: .names(.types))
    var type: String?

    @Option(help: "Only those on a server.", completion: .names(.servers))
    var server: String?

    @Option(help: "Only those of a location.", completion: .names(.locations))
    var location: String?

    @Option(help: "Only those in a state, their server's counted.")
    var state: ServiceState?

    @Option(help: "Only those of which gateways say that; not with --watch or --limit.")
    var health: HealthVerdict?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if health != nil, list.watch { throw ValidationError("--health and --watch exclude each other") }
        if health != nil, list.limit != nil { throw ValidationError("--health and --limit exclude each other") }
    }

    func run(_ client: AdminResources) async throws {
        let query = list.query([
            QueryParameter.type: type, QueryParameter.server: server, QueryParameter.location: location,
            QueryParameter.state: state?.rawValue,
        ])
        let servers = ServerDirectory(client)
        let directory = HealthDirectory(client, location: location, type: type)
        try await list.show(
            Listing<ServiceResource>(
                request: AdminRequest(.get, .services, query: query), name: { $0.name },
                table: { [type, server] services, isWide in
                    ResourceTables.services(
                        services, on: try await servers.byName(),
                        health: try await directory.now().map(ServiceHealth.init),
                        runs: try await ServiceRuns(of: services, client),
                        links: try await LinkDirectory(client, type: type, server: server, showsAll: isWide),
                        isWide: isWide)
                },
                selection: { [health] services in
                    guard let health else { return services }
                    guard let overview = try await directory.now() else {
                        throw CommandError(
                            "this ADMIN is older and does not tell the health of services",
                            hint: "Leave --health away, or upgrade ADMIN.")
                    }
                    let known = ServiceHealth(overview)
                    let servers = try await servers.byName()
                    return services.filter {
                        known.verdict(of: $0, at: servers[$0.server]?.location ?? "")?.verdict == health
                    }
                }),
            client)
    }
}

struct ShowService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a service instance, what runs of it, how it is exported, and its health at each gateway.")

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let service = try await client.service(service)
        let server = try await client.server(service.server)
        let rows = try ExportLine.lines(of: try await client.export(of: server.location))
            .filter { $0.service == service.name }
        let isDraining = service.effectiveState.state == .drain && !rows.isEmpty
        let connections =
            isDraining
            ? DrainingConnections(of: service.name, try await client.confirmation(at: server.location)) : nil
        let runs = try await ServiceRuns(of: [service], client)
        let overview = try await HealthDirectory(client, location: server.location, service: service.name).now()
        let health = overview.map { ServiceHealth($0).rows(of: service, at: server.location) }
        let report = service.version == nil ? nil : try await client.report(of: service)
        let crash = try await client.lastCrash(of: service.name)
        let link = try await client.link(of: service.name)
        try output.show(
            json: [
                "report": report?.json ?? .null, "connections": connections?.json ?? .null, "service": service.json,
                "location": .string(server.location), "export": .array(rows.map(\.json)),
                "health": health.map(ServiceHealth.json) ?? .null, "run": runs.json(of: service),
                "lastCrash": crash?.json ?? .null, "link": link?.json ?? .null,
            ],
            asText: ResourceTables.service(
                service, on: server, runs: runs, connections: connections, rows: rows, health: health ?? [],
                report: report, crash: crash, link: link))
    }
}

extension AdminResources {
    /// What a server's node has told of a service; `nil`: nothing.
    fileprivate func report(of service: ServiceResource) async throws -> ServerService? {
        let node: NodeDetail = try await value(AdminRequest(.get, .node(of: service.server)))
        return node.report?.services[ExactText(service.name)]
    }

    /// The newest crash of a service; `nil`: there is none, or an older ADMIN knows of no crashes.
    fileprivate func lastCrash(of service: String) async throws -> CrashGroup? {
        let query = [(QueryParameter.service, service), (QueryParameter.limit, "1")]
        do {
            let groups: [CrashGroup] = try await value(AdminRequest(.get, .crashes, query: query))
            return groups.first
        } catch let error as CommandError where error.status == 404 {
            return nil
        }
    }
}
