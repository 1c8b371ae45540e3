import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Foundation
import Text

struct CheckServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check whether services are as they should be, for monitors.",
        discussion: """
            Prints a line for each service that is not: one whose version or run is not what is assigned, that a \
            gateway says is down, whose node is silent, or of which a job has failed within a day without a later one \
            that succeeded.

            EXIT STATUS: 0 all are well; 3 degraded: a job has failed; 4 waiting: nothing was heard of a node since \
            ADMIN started; 5 a service is not as it is assigned, or is down; 7 a node is silent; the greatest counts. \
            1 the check itself failed.
            """)

    @Argument(
        help: "The services: TYPE.INDEX; all without any.", completion: .names(.services), transform: NameArgument.read)
    var names: [String] = []

    @Option(help: "Only those of a service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String?

    @OptionGroup var table: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let services = try await selected(client)
        let isRun = services.contains { $0.version != nil }
        let nodes: [NodeResource] = isRun ? try await client.value(AdminRequest(.get, .nodes)) : []
        let servers = Set(services.filter { $0.version != nil }.map { ExactText($0.server) })
        // Only these have more to tell than the list of nodes does.
        var differences: [ExactText: [NodeDifference]] = [:]
        for node in nodes where node.differences > 0 && servers.contains(ExactText(node.server)) {
            let detail: NodeDetail = try await client.value(AdminRequest(.get, .node(of: node.server)))
            differences[ExactText(node.server)] = detail.differences
        }
        let locations = try await client.servers().reduce(into: [:]) { $0[$1.name] = $1.location }
        let jobs: [JobResource] = isRun ? try await client.value(AdminRequest(.get, .jobs)) : []
        let findings = ServiceFindings(
            services, locations: locations,
            nodes: nodes.reduce(into: [:]) { $0[$1.server] = $1 }, differences: differences,
            health: try await HealthDirectory(client, type: type).now(), jobs: jobs, now: Date())
        if findings.rows.isEmpty {
            let count = services.count == 1 ? "1 service is" : "\(services.count) services are"
            try table.output.show(json: findings.json, asText: "\(count) as they should be")
        } else {
            try table.output.show(json: findings.json, asText: table.text(findings.table))
        }
        if findings.exitStatus != 0 { throw ExitCode(findings.exitStatus) }
    }

    /// The services that are named, in their order.
    private func selected(_ client: AdminResources) async throws -> [ServiceResource] {
        let query = type.map { [(QueryParameter.type, $0)] } ?? []
        let all: [ServiceResource] = try await client.value(AdminRequest(.get, .services, query: query))
        let sorted = all.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
        guard !names.isEmpty else { return sorted }
        let wanted = Set(names.map { ExactText($0) })
        let found = sorted.filter { wanted.contains(ExactText($0.name)) }
        let known = Set(found.map { ExactText($0.name) })
        let missing = names.filter { !known.contains(ExactText($0)) }
        guard missing.isEmpty else {
            throw CommandError(
                "there is no service \(missing.map(\.printable).joined(separator: ", "))"
                    + (type.map { " of type \($0)" } ?? ""), hint: "portcullis services lists them.")
        }
        return found
    }
}
