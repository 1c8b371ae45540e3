import AdminClient
public import ArgumentParser
import CommandLineSupport
import Foundation
import GatewayDaemon
import NetworkTypes
import PacemakerConfiguration
import ServicesExport
import Text

struct ClusterConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the complete pacemaker configuration of a pair of gateways, for crmsh or pcs.",
        discussion: """
            It has resources and constraints for all public addresses of the location's export: the gateways as a \
            promotable clone, the addresses on the promoted node, ADMIN on the other node, and fencing. The command \
            itself changes no cluster:

              portcullis-gateway cluster-config --format crm … >pair.crm
              crm configure load update pair.crm

              portcullis-gateway cluster-config --format pcs … >pair.sh
              sh pair.sh

            A node without --fence gets a fence agent that does not exist, and the command warns: crmsh and pcs refuse \
            the configuration until you replace it. See docs/cluster.md.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case crm, pcs
    }

    @OptionGroup var settings: SettingsOptions

    @OptionGroup var export: ExportOptions

    @Option(help: "crm or pcs.")
    var format: Format

    @Option(help: ArgumentHelp("A node of the pair, by its cluster name; twice.", valueName: "name"))
    var node: [String]

    @Option(help: ArgumentHelp("The interface of the public addresses.", valueName: "name"))
    var interface: String

    @Option(
        help: ArgumentHelp(
            "The real servers' default route, 10.1.0.1/24; once for each of IPv4 and IPv6.", valueName: "address"))
    var inside: [String] = []

    @Option(help: ArgumentHelp("The interface of the --inside addresses.", valueName: "name"))
    var insideInterface: String?

    @Option(
        help: ArgumentHelp(
            "portcullis: all addresses as one resource, moved at once. IPaddr2: a resource for each.",
            valueName: "agent"))
    var addressAgent = ClusterSite.AddressAgent.portcullis

    @Option(
        help: ArgumentHelp(
            "How long the passive node waits before it fences the other, so that they do not fence each other: longer "
                + "than the device takes to cut a node off. 0 only where one device fences both nodes, one at a time, "
                + "and ignores a node that it has cut off.",
            valueName: "seconds"))
    var fencingDelay = 1

    @Option(
        help: ArgumentHelp(
            "ADMIN's own address, 10.1.0.5/24, when the pair runs ADMIN; admin-url must name ADMIN there.",
            valueName: "address"))
    var adminAddress: String?

    @Option(
        help: ArgumentHelp(
            "The node's fence agent and its parameters, once per node: gw1=fence_ipmilan,ip=10.0.0.11,username=fence.",
            valueName: "node=agent,…"))
    var fence: [String] = []

    func validate() throws {
        guard node.count == 2, node[0] != node[1] else { throw ValidationError("--node is given twice, for two nodes") }
        guard inside.isEmpty || insideInterface != nil else {
            throw ValidationError("--inside needs --inside-interface")
        }
        guard (0...60).contains(fencingDelay) else { throw ValidationError("--fencing-delay is from 0 to 60 seconds") }
    }

    func run() async throws {
        let configuration = try settings.load()
        let admin = try adminAddress.map { text in
            let address = try address(text)
            return ClusterSite.Admin(address: address, url: try adminURL(configuration, at: address).description)
        }
        let site = ClusterSite(
            nodes: node, publicAddresses: [], publicInterface: interface, insideAddresses: try inside.map(address),
            insideInterface: insideInterface ?? "", admin: admin, fences: try fence.map(fence))
        guard case .export(let bytes, _, _) = try await export.fetch(configuration) else { return }
        let exported = try ExportAddresses(bytes)
        var complete = site
        complete.publicAddresses = exported.addresses
        complete.addressAgent = addressAgent
        complete.fencingDelay = fencingDelay
        try complete.validate()
        let cluster = ClusterConfiguration(complete, origin: "export \(exported.digest.short)")
        try StandardOutput.write(format == .crm ? cluster.crm : cluster.pcs)
        for node in site.nodesWithoutFence {
            warn(
                "nothing can cut \(node) off (--fence \(node)=…): when the nodes lose each other, both would claim the public addresses"
            )
        }
        if exported.addresses.isEmpty {
            warn("export \(exported.digest.short) has no public address, so neither has the pair")
        }
    }

    private func warn(_ text: String) { StandardError.write("warning: \(text)") }

    /// The URL at which the monitor asks for ADMIN: of those in admin-url the one with ADMIN's address, or else with a
    /// name, which may lead there.
    ///
    /// - Throws: if there is none. No default could be right: ADMIN listens at an address of its own.
    private func adminURL(
        _ configuration: GatewayConfiguration, at place: ClusterSite.InterfaceAddress
    ) throws -> AdminURL {
        let urls = configuration.adminURL?.all ?? []
        let named = urls.first { $0.ipAddress == nil && !$0.isLoopback }
        if let url = urls.first(where: { $0.ipAddress == place.address }) ?? named { return url }
        let found = configuration.adminURL.map { "names ADMIN at \($0), not there" } ?? "is not set"
        let host = place.address.family == .ipv4 ? "\(place.address)" : "[\(place.address)]"
        throw ValidationError(
            "--admin-address \(place): the cluster asks ADMIN there whether it is ready, but admin-url \(found); "
                + "set it in the configuration file or with --admin-url, as http://\(host):8080 or https://\(host):8443"
        )
    }

    private func address(_ text: String) throws -> ClusterSite.InterfaceAddress {
        guard let address = ClusterSite.InterfaceAddress(text) else {
            throw ValidationError("\"\(text)\" is not an address with a prefix length (10.1.0.1/24)")
        }
        return address
    }

    private func fence(_ text: String) throws -> ClusterSite.Fence {
        let parts = text.splitBytes("=", maxSplits: 1, omittingEmpty: true)
        guard parts.count == 2, node.contains(String(parts[0])) else {
            throw ValidationError("--fence \(text): it is not one of the nodes, =, and a fence agent")
        }
        let words = parts[1].splitBytes(",", omittingEmpty: true).map { String($0) }
        guard let agent = words.first, words.dropFirst().allSatisfy({ $0.hasByte("=") }) else {
            throw ValidationError("--fence \(text): behind the agent come its parameters, name=value")
        }
        return ClusterSite.Fence(node: String(parts[0]), agent: agent, parameters: Array(words.dropFirst()))
    }
}

extension ClusterSite.AddressAgent: ExpressibleByArgument {}
