import AdminClient
import NetworkTypes
import ServicesExport

extension GatewayConfiguration {
    /// Looks for anything on this machine that stops packets. Needs no daemon, writes nothing, and sends no packet to
    /// a real server.
    /// - Throws: if the last good export or the host cannot be read.
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
        traffic.requirements = SettingRequirement.all(self, for: traffic.desired)
        traffic.adminAddresses = adminAddresses
        let host = try HostSnapshot.read(for: traffic)
        return DoctorReport(findings: Doctor.examine(host, traffic), unseen: unseen + host.unseen)
    }

    /// The addresses in `admin-url`; names are not looked up.
    var adminAddresses: [IPAddress] { adminURL?.all.compactMap(\.ipAddress) ?? [] }
}
