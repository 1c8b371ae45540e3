public import NetworkTypes

/// A keepalived configuration as a cloud: types, and a cloud file with pools, servers and services.
public struct KeepalivedImport: Sendable {
    /// What the configuration itself does not say.
    public struct Settings: Sendable {
        /// The name of the location that has the pools and servers.
        public var location: String
        /// keepalived's `config-id`, which `@id` is compared with.
        public var configurationID: String?
        /// What each firewall mark stands for: in keepalived's world, rules of nftables or iptables say it.
        public var marks: [UInt32: MarkedPorts]

        public init(location: String, configurationID: String? = nil, marks: [UInt32: MarkedPorts] = [:]) {
            self.location = location
            self.configurationID = configurationID
            self.marks = marks
        }
    }

    /// A file to be written.
    public struct File: Sendable, Equatable {
        /// Relative to the directory: `cloud.yaml`, `types/web.yaml`.
        public let path: String
        public let text: String
    }

    /// The cloud file, then the types.
    public let files: [File]
    /// What is not carried over, or otherwise, in the order of the lines.
    public let notes: [KeepalivedNote]
    /// How many types, sections and servers there are.
    public let typeCount: Int
    public let sectionCount: Int
    public let serverCount: Int

    /// Reads a configuration with the files that it includes.
    ///
    /// - Throws: if it is malformed, or lacks what `settings` must say.
    public init(
        reading path: String, of files: KeepalivedFiles, _ settings: Settings
    ) throws(KeepalivedError) {
        var preprocessor = KeepalivedPreprocessor(files: files, configurationID: settings.configurationID)
        try preprocessor.read(path)
        var reader = KeepalivedReader()
        try reader.read(try KeepalivedStatement.tree(preprocessor.lines))
        var converter = CloudConverter(settings: settings, groups: reader.groups)
        for server in reader.virtualServers { try converter.add(server) }
        let cloud = converter.cloud()
        self.files = cloud.files(location: settings.location, source: path)
        typeCount = cloud.types.count
        sectionCount = cloud.types.reduce(0) { $0 + $1.sections.count }
        serverCount = cloud.servers.count
        // Files in the order in which they are met, and their lines; what belongs to one line stays in its order.
        var order: [String: Int] = [:]
        for line in preprocessor.lines where order[line.place.file] == nil { order[line.place.file] = order.count }
        let all = preprocessor.notes + reader.notes + converter.notes
        notes = all.enumerated().sorted { a, b in
            func key(_ note: KeepalivedNote) -> (Int, Int) { (order[note.place.file] ?? .max, note.place.line) }
            return key(a.element) != key(b.element) ? key(a.element) < key(b.element) : a.offset < b.offset
        }.map(\.element)
    }
}

/// The addresses and ports that a firewall mark stands for.
public struct MarkedPorts: Sendable, Equatable {
    public var addresses: [IPAddress]
    public var ports: [PortRange]
    public var transports: [TransportProtocol]

    public init(addresses: [IPAddress], ports: [PortRange], transports: [TransportProtocol]) {
        self.addresses = addresses
        self.ports = ports
        self.transports = transports
    }
}
