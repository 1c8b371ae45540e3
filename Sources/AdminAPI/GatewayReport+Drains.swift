import Text

extension GatewayReport {
    /// The real servers at some addresses that have left the export, with their names, in the order of those. Cost: a look
    /// at each drain of the report.
    public func drains(at addresses: [String]) -> [(name: String, drain: Drain)] {
        drains.sorted { $0.key < $1.key }.filter { name, _ in
            guard let server = name.wrappedValue.splitBytes(" ").last else { return false }
            return addresses.contains { server.isExactly($0) || Self.isPort(server, of: $0) }
        }.map { ($0.key.wrappedValue, $0.value) }
    }

    /// The connections of real servers at some addresses that have left the export; `nil`: the report does not name all
    /// that have left, or some were not counted yet.
    public func connectionsLeft(at addresses: [String]) -> Int? {
        guard drainCount == drains.count else { return nil }
        return drains(at: addresses).reduce(into: Int?.some(0)) { total, entry in
            total = total.flatMap { sum in entry.drain.connections.map { sum + $0 } }
        }
    }

    /// Whether a text is a port of the address: `10.1.0.12:8080`, `[fd00:1::12]:8080`.
    private static func isPort(_ text: Substring, of address: String) -> Bool {
        text.hasBytePrefix("\(address):") && !address.hasByte(":") || text.hasBytePrefix("[\(address)]:")
    }
}
