package import AdminAPI
package import Text

extension Assignments {
    /// In which ways a server differs from its assignments, by service name.
    package func differences(from report: ServerReport) -> [NodeDifference] {
        Set(services.keys).union(report.services.keys).sorted().compactMap { name in
            Self.difference(services[name], report.services[name])
                .map { NodeDifference(service: name.wrappedValue, text: $0) }
        }
    }

    /// The services that are to be on the server, of which it has another version or tells a problem.
    package func deviations(from report: ServerReport) -> [ExactText: ServiceDeviation] {
        services.reduce(into: [:]) { found, pair in
            guard [.running, .stopped].contains(pair.value.desired), let present = report.services[pair.key] else {
                return
            }
            let hasVersion = pair.value.version.map { present.version == $0 } ?? true
            guard !hasVersion || present.problem != nil else { return }
            found[pair.key] = ServiceDeviation(
                hasVersion: hasVersion, version: hasVersion ? nil : present.version, problem: present.problem)
        }
    }

    private static func difference(_ wanted: Assignment?, _ present: ServerService?) -> String? {
        guard let wanted else {
            guard let present, present.state != .absent else { return nil }
            return "is \(present.state.rawValue), and is not assigned"
        }
        let text = difference(wanted, present)
        guard let problem = present?.problem else { return text }
        return text.map { "\($0): \(problem)" } ?? problem
    }

    private static func difference(_ wanted: Assignment, _ present: ServerService?) -> String? {
        let state = present?.state ?? .absent
        switch wanted.desired {
        case .absent: return state == .absent || state == .stopped ? nil : "is \(state.rawValue), and is to be absent"
        case .purged: return present == nil ? nil : "its directory is there, and is to be removed"
        case .running, .stopped:
            guard let present, state != .absent else { return "is not there" }
            if let version = wanted.version, present.version != version {
                let runs = present.version.map { "has the manifest \($0.prefix(12))" } ?? "has no version"
                return "\(runs), and \(version.prefix(12)) is assigned"
            }
            let isAsWanted = state == (wanted.desired == .running ? .running : .stopped)
            return isAsWanted ? nil : "is \(state.rawValue), and is to be \(wanted.desired.rawValue)"
        }
    }
}
