extension Cloud {
    /// Drives that are gone although data is on them, paths that two drives of a server share, and services on servers that
    /// are still to remove what they left there before. Walks over all servers and services.
    public func installationContradictions() -> [Contradiction] {
        var found = [Contradiction]()
        for server in servers.values.sorted(by: { $0.name < $1.name }) {
            let byPath = Dictionary(grouping: server.drives.keys.sorted()) { server.drives[$0] ?? "" }
            for (path, names) in byPath.sorted(by: { $0.key < $1.key }) where names.count > 1 {
                found.append(
                    Contradiction(
                        "the drives \(names[0]) and \(names[1]) of the server \(server.name) have the same path \(path)",
                        of: [.init(.server, server.name, .drives)]))
            }
        }
        for (id, left) in remains.sorted(by: { $0.key < $1.key }) where left.isPurged {
            guard let service = services[id.service], service.installation != nil, service.server == id.server else {
                continue
            }
            found.append(
                Contradiction(
                    "the server \(id.server) is to purge what \(id.service) has left there, and has not done that yet: "
                        + "`portcullis services purge \(id.service) --server \(id.server)` waits for it",
                    of: [.init(.service, id.service, .server), .init(.service, id.service)]))
        }
        let present = services.values.compactMap { service in
            service.installation?.drive.map { (Remains.ID(server: service.server, service: service.name), $0) }
        }
        let left = remains.compactMap { id, left in left.drive.map { (id, $0) } }
        for (id, drive) in (present + left).sorted(by: { $0.0 < $1.0 }) {
            guard let server = servers[id.server], server.drives[drive] == nil else { continue }
            found.append(
                Contradiction(
                    "the server \(server.name) has no drive \(drive), where the data of \(id.service) is",
                    of: [.init(.server, server.name, .drives), .init(.server, server.name)]))
        }
        return found
    }
}
