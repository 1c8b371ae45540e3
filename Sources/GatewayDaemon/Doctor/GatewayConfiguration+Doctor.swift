import FoundationEssentials
import NetworkTypes
import ServicesExport

extension GatewayConfiguration {
    /// Looks for what stops packets on this machine. Needs no daemon, writes nothing, and sends no packet to a real
    /// server.
    /// - Throws: when the last good export or the host cannot be read.
    public func examineHost() throws -> DoctorReport {
        var groups = [ExportGroup]()
        var unseen = [String]()
        if let digest = try StateDirectory.loadState(of: stateDirectory, at: .now)?.export,
            let bytes = try StateDirectory.loadExport(digest, from: stateDirectory)
        {
            groups = try ServicesDocument(parsing: bytes).groups
        } else {
            unseen.append("what is to be carried: there is no export in \(stateDirectory) yet")
        }
        var traffic = ServedTraffic(groups, role: try currentRole())
        traffic.requirements = SettingRequirement.all(self, forwarding: traffic.maskedFamilies)
        traffic.adminAddress = adminAddress
        let host = try HostSnapshot.read(for: traffic)
        return DoctorReport(findings: Doctor.examine(host, traffic), unseen: unseen + host.unseen)
    }

    /// The address in `admin-url`; `nil` where that has a name, which is not looked up.
    var adminAddress: IPAddress? {
        guard let host = adminURL.flatMap({ URLComponents(string: $0)?.host }) else { return nil }
        return IPAddress(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host[...])
    }
}
