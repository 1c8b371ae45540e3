import NetworkTypes
import Text

/// The resources and constraints of a pair for pacemaker, to be printed for crmsh or pcs.
public struct ClusterConfiguration: Sendable, Hashable {
    typealias Settings = [Setting]

    struct Setting: Sendable, Hashable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    struct Operation: Sendable, Hashable {
        let name: String
        let settings: Settings
    }

    struct Primitive: Sendable, Hashable {
        let id: String
        /// The agent: `ocf:heartbeat:IPaddr2`.
        let agent: String
        var parameters: Settings = []
        var operations: [Operation] = []
    }

    /// A promotable clone of a primitive.
    struct Clone: Sendable, Hashable {
        let id: String
        let primitive: String
        var meta: Settings = []
    }

    struct Group: Sendable, Hashable {
        let id: String
        let members: [String]
        var meta: Settings = []
    }

    /// An action on a resource.
    struct Action: Sendable, Hashable {
        let name: String
        let resource: String

        static func start(_ resource: String) -> Self { Self(name: "start", resource: resource) }
        static func promote(_ resource: String) -> Self { Self(name: "promote", resource: resource) }
    }

    enum Constraint: Sendable, Hashable {
        /// The resource runs with the promoted instance of the clone (`INFINITY`), or away from it.
        case colocation(id: String, String, withPromoted: String, score: String)
        /// The second action follows the first: always, or if it is optional, only when both are due. They are undone
        /// in reverse order, unless the constraint is not symmetrical.
        case order(id: String, Action, then: Action, isOptional: Bool = false, isSymmetrical: Bool = true)
        /// The resource never runs on the node.
        case ban(id: String, String, node: String)

        var id: String {
            switch self {
            case .colocation(let id, _, _, _), .order(let id, _, _, _, _), .ban(let id, _, _): id
            }
        }
    }

    /// Comment lines that tell the origin of the configuration.
    var heading: [String] = []
    var properties: Settings = []
    var resourceDefaults: Settings = []
    var primitives: [Primitive] = []
    var fences: [Primitive] = []
    var clones: [Clone] = []
    var groups: [Group] = []
    var constraints: [Constraint] = []

    /// An agent that does not exist, so that both tools refuse a configuration that still has it.
    static let missingFenceAgent = "CHOOSE-A-FENCE-AGENT"

    /// - Parameter origin: the source of the public addresses, for the heading.
    public init(_ site: ClusterSite, origin: String) {
        heading = [
            "Portcullis on \(site.nodes.joined(separator: " and ")); public addresses of \(origin)",
            "docs/cluster.md explains each part.",
        ]
        properties = [
            Setting("stonith-enabled", "true"), Setting("priority-fencing-delay", "\(site.fencingDelay)s"),
            // When a node is lost, pacemaker writes that down and at once asks for what it has written. If the answer
            // arrives before the last write, pacemaker sleeps for a second (do_pe_invoke_callback in its
            // controld_schedulerd.c).
            Setting("transition-delay", "200ms"),
        ]
        resourceDefaults = [
            Setting("resource-stickiness", "100"), Setting("migration-threshold", "3"),
            Setting("failure-timeout", "10min"),
        ]
        addFences(site)
        addGateways()
        switch site.addressAgent {
        case .portcullis: addAddresses(site)
        case .ipaddr2: addEachAddress(site)
        }
        if let admin = site.admin { addAdmin(admin) }
    }

    private mutating func addFences(_ site: ClusterSite) {
        for node in site.nodes {
            let fence = site.fences.first { $0.node == node }
            let parameters = (fence?.parameters ?? []).map { parameter in
                let parts = parameter.splitBytes("=", maxSplits: 1)
                return Setting(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            }
            fences.append(
                Primitive(
                    id: "fence-\(node)", agent: fence?.agent ?? Self.missingFenceAgent,
                    parameters: [Setting("pcmk_host_list", node)] + parameters,
                    operations: [Operation(name: "monitor", settings: [Setting("interval", "60s")])]))
            // A node must not fence itself.
            constraints.append(.ban(id: "fence-\(node)-elsewhere", "fence-\(node)", node: node))
        }
    }

    private static let gateways = "gateways"

    private mutating func addGateways() {
        primitives.append(
            Primitive(
                id: "gateway", agent: "ocf:portcullis:gateway",
                // The resource of the addresses announces them.
                parameters: [Setting("announcements", "0")],
                operations: [
                    Operation(name: "start", settings: Self.limits("90s")),
                    Operation(name: "stop", settings: Self.limits("90s")),
                    Operation(name: "promote", settings: Self.limits("40s")),
                    Operation(name: "demote", settings: Self.limits("40s")),
                ] + Self.monitors(promoted: "5s", unpromoted: "7s", timeout: "90s")
                    // Compares each element and real server
                    + Self.monitors(promoted: "61s", unpromoted: "67s", timeout: "90s", level: 10)))
        clones.append(
            Clone(
                id: Self.gateways, primitive: "gateway",
                // The agent restarts a daemon in place. A failure that it reports is a reason to move.
                meta: Self.promotable + [Setting("priority", "10"), Setting("migration-threshold", "1")]))
    }

    /// Adds all addresses as one resource.
    private mutating func addAddresses(_ site: ClusterSite) {
        guard !site.activeAddresses.isEmpty else { return }
        let words = site.activeAddresses.map { "\($0.address)/\($0.prefixLength)@\($0.interface)" }
        primitives.append(
            Primitive(
                id: "addresses", agent: "ocf:portcullis:addresses",
                parameters: [Setting("addresses", words.joined(separator: " "))],
                operations: [Self.monitor]))
        keepBesideActive("addresses")
    }

    /// Adds a resource for each address.
    private mutating func addEachAddress(_ site: ClusterSite) {
        for each in site.activeAddresses {
            // exact: an address is ASCII
            let id = "address-\(String("\(each.address)".map { $0 == ":" ? "-" : $0 }))"
            // No other node has the address: the other node removes it or is fenced first.
            let family = each.address.family == .ipv6 ? [Setting("nodad", "true")] : []
            primitives.append(
                Self.ipaddr2(id, each.address, each.prefixLength, [Setting("nic", each.interface)] + family))
            keepBesideActive(id)
        }
    }

    /// Keeps addresses with the promoted gateway, without waiting for a promotion: the kernel of the passive gateway
    /// is programmed, so it serves as soon as it has the addresses.
    private mutating func keepBesideActive(_ id: String) {
        constraints += [
            .colocation(id: "\(id)-active", id, withPromoted: Self.gateways, score: "INFINITY"),
            .order(id: "\(id)-programmed", .start(Self.gateways), then: .start(id), isOptional: true),
            .order(
                id: "\(id)-first", .start(id), then: .promote(Self.gateways), isOptional: true, isSymmetrical: false),
        ]
    }

    private mutating func addAdmin(_ admin: ClusterSite.Admin) {
        primitives += [
            Primitive(
                id: "registry", agent: "ocf:linbit:drbd", parameters: [Setting("drbd_resource", "portcullis")],
                operations: [
                    Operation(name: "start", settings: Self.limits("240s")),
                    Operation(name: "stop", settings: Self.limits("100s")),
                    Operation(name: "promote", settings: Self.limits("90s")),
                    Operation(name: "demote", settings: Self.limits("90s")),
                    Operation(name: "notify", settings: Self.limits("90s")),
                ] + Self.monitors(promoted: "19s", unpromoted: "29s", timeout: "20s")),
            Primitive(
                id: "admin-files", agent: "ocf:heartbeat:Filesystem",
                parameters: [
                    Setting("device", "/dev/drbd0"), Setting("directory", "/var/lib/portcullis-admin"),
                    Setting("fstype", "ext4"), Setting("options", "noatime"),
                ],
                operations: [
                    Operation(name: "start", settings: Self.limits("60s")),
                    Operation(name: "stop", settings: Self.limits("60s")),
                    Operation(name: "monitor", settings: [Setting("interval", "20s")] + Self.limits("40s")),
                ]),
            Self.ipaddr2("admin-address", admin.address.address, admin.address.prefixLength),
            Primitive(
                id: "admin-server", agent: "ocf:portcullis:admin", parameters: [Setting("url", admin.url)],
                operations: [
                    Operation(name: "start", settings: Self.limits("60s")),
                    Operation(name: "stop", settings: Self.limits("60s")),
                    Self.monitor,
                ]),
        ]
        clones.append(
            Clone(
                id: "registry-copies", primitive: "registry",
                meta: Self.promotable + [Setting("notify", "true")]))
        // The group moves only by its scores: back to the node without the public addresses as soon as there is one.
        groups.append(
            Group(
                id: "lan", members: ["admin-files", "admin-address", "admin-server"],
                meta: [Setting("resource-stickiness", "1")]))
        constraints += [
            .colocation(id: "lan-with-registry", "lan", withPromoted: "registry-copies", score: "INFINITY"),
            .order(id: "lan-after-registry", .promote("registry-copies"), then: .start("lan")),
            .colocation(id: "lan-beside-active", "lan", withPromoted: Self.gateways, score: "-200"),
        ]
    }

    private static let promotable = [
        Setting("promotable", "true"), Setting("promoted-max", "1"), Setting("clone-max", "2"),
        Setting("interleave", "true"),
    ]

    private static func ipaddr2(
        _ id: String, _ address: IPAddress, _ prefixLength: Int, _ more: Settings = []
    ) -> Primitive {
        Primitive(
            id: id, agent: "ocf:heartbeat:IPaddr2",
            parameters: [Setting("ip", "\(address)"), Setting("cidr_netmask", "\(prefixLength)")] + more,
            operations: [monitor])
    }

    /// The monitor operation of a resource without roles.
    private static let monitor = Operation(name: "monitor", settings: [Setting("interval", "10s")] + limits("20s"))

    private static func limits(_ timeout: String) -> Settings { [Setting("timeout", timeout)] }

    private static func monitors(
        promoted: String, unpromoted: String, timeout: String, level: Int = 0
    ) -> [Operation] {
        [("Promoted", promoted), ("Unpromoted", unpromoted)].map { role, interval in
            Operation(
                name: "monitor",
                settings: [Setting("role", role), Setting("interval", interval)] + limits(timeout)
                    + (level > 0 ? [Setting("OCF_CHECK_LEVEL", "\(level)")] : []))
        }
    }
}
