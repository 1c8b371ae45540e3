import AdminAPI
import AdminClient
import Cloud
import JSON
import Names
import Text

/// What services do on their servers, as the servers' nodes have told ADMIN: which version is there, and whether it runs.
struct ServiceRuns {
    /// By server; those that have told something, or are silent.
    private let nodes: [String: NodeResource]
    /// The names of versions by their digests.
    private let names: [ExactText: String]

    /// - Parameters:
    ///   - nodes: of the servers of the services.
    ///   - versions: those of which another one may be there than assigned.
    init(_ nodes: [NodeResource] = [], versions: [ServiceVersion] = []) {
        self.nodes = Dictionary(nodes.map { ($0.server, $0) }) { first, _ in first }
        names = versions.reduce(into: [:]) { names, version in
            let reference = VersionReference.named(
                version.name, variant: version.variant.isExactly(BuildSection.mainVariant) ? nil : version.variant)
            names[ExactText(version.digest)] = "\(reference)"
        }
    }

    /// Asks ADMIN where a service has a version, and for names of versions where another one is there than assigned.
    init(of services: [ServiceResource], _ client: AdminResources) async throws {
        guard services.contains(where: { $0.version != nil }) else {
            self.init()
            return
        }
        let nodes: [NodeResource] = try await client.value(AdminRequest(.get, .nodes))
        let plain = ServiceRuns(nodes)
        var versions: [ServiceVersion] = []
        for type in Set(services.filter { plain.deviation(of: $0)?.version != nil }.map(\.type)).sorted() {
            versions += try await client.value(AdminRequest(.get, .versions, query: [(QueryParameter.type, type)]))
        }
        self.init(nodes, versions: versions)
    }

    /// The version that is there, and the one that is assigned if it is not there: `1.5.0`, `1.4.0 → 1.5.0`, `- → 1.5.0`.
    func version(of service: ServiceResource) -> String {
        guard let wanted = service.version else { return "-" }
        guard let deviation = deviation(of: service), !deviation.hasVersion else { return Self.text(wanted) }
        return "\(name(deviation.version)) → \(Self.text(wanted))"
    }

    /// What it does, how many of its workers are ready, what is desired if that is something else, and the trouble with it:
    /// `running`, `running 3/4`, `failing (running): it ended by itself with status 7`, `was running, its server is silent`, `? (running)`.
    ///
    /// - Parameter isWhole: whether a long problem is printed in full.
    func text(of service: ServiceResource, isWhole: Bool = false) -> String {
        guard let desired = service.desired else { return "-" }
        guard let node = nodes[service.server], let state = node.services[ExactText(service.name)] else {
            return "? (\(desired.rawValue))"
        }
        switch node.state {
        case .silent: return "was \(state.rawValue), its server is silent"
        case .lost: return "was \(state.rawValue), its server is lost"
        case .present, .unheard: break
        }
        let problem =
            deviation(of: service)?.problem.map { ": \(isWhole ? $0.printable : Self.shortened($0.printable))" } ?? ""
        let workers = node.workers?[ExactText(service.name)].map { " \($0.ready)/\($0.all)" } ?? ""
        let isAsDesired = state.rawValue == desired.rawValue
        return state.rawValue + workers + (isAsDesired ? "" : " (\(desired.rawValue))") + problem
    }

    /// Version, state and trouble: `1.4.0, running: the version 91bc… is not trusted`.
    func sentence(of service: ServiceResource) -> String {
        let there: String?
        if let deviation = deviation(of: service), !deviation.hasVersion {
            there = deviation.version.map { "\(name($0)) (\($0.prefix(12)))" } ?? "no version"
        } else {
            there = isTold(service) ? service.version.map(Self.text) : nil
        }
        return [there, text(of: service, isWhole: true)].compactMap(\.self).joined(separator: ", ")
    }

    /// For programs: the state, and how it deviates; `null`: the server has not told of it.
    func json(of service: ServiceResource) -> JSONValue {
        guard let node = nodes[service.server], let state = node.services[ExactText(service.name)] else { return .null }
        return [
            "state": .string(state.rawValue), "node": .string(node.state.rawValue),
            "deviation": deviation(of: service)?.json ?? .null,
        ]
    }

    private func isTold(_ service: ServiceResource) -> Bool {
        nodes[service.server]?.services[ExactText(service.name)] != nil
    }

    private func deviation(of service: ServiceResource) -> ServiceDeviation? {
        nodes[service.server]?.deviations[ExactText(service.name)]
    }

    private func name(_ digest: String?) -> String {
        digest.map { names[ExactText($0)] ?? "\($0.prefix(12))" } ?? "-"
    }

    /// `1.5.0`; of a manifest its first digits.
    private static func text(_ version: VersionReference) -> String {
        switch version {
        case .named(_, variant: _): version.description
        case .manifest(let digest): "\(digest.prefix(12))"
        }
    }

    /// The longest trouble that a table shows, in scalars; `services show` and `nodes show` have all of it.
    private static let longest = 120

    private static func shortened(_ text: String) -> String {
        text.unicodeScalars.count > longest ? "\(String(text.unicodeScalars.prefix(longest)))…" : text
    }
}
