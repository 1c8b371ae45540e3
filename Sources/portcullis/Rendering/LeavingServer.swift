import AdminAPI
import JSON
import Text

/// A real server that has left the export, and whose connections a gateway lets come to their end.
struct LeavingServer {
    let gateway: String
    /// The virtual service and the real server, in the gateway's words: `198.51.100.36:80/tcp 10.1.0.12:8080`.
    let name: String
    let drain: GatewayReport.Drain

    /// Those of a server that a gateway has reported.
    static func all(of server: ServerResource, at gateway: GatewayDetail) -> [LeavingServer] {
        (gateway.report?.drains ?? [:]).sorted { $0.key < $1.key }.filter { name, _ in
            let words = name.wrappedValue.splitBytes(" ")
            return server.addresses.contains { address in
                words.last.map { $0.isExactly(address) || isPort($0, of: address) } ?? false
            }
        }.map { LeavingServer(gateway: gateway.gateway.name, name: $0.key.wrappedValue, drain: $0.value) }
    }

    /// Whether a text is a port of the address: `10.1.0.12:8080`, `[fd00:1::12]:8080`.
    private static func isPort(_ text: Substring, of address: String) -> Bool {
        text.hasBytePrefix("\(address):") && !address.hasByte(":") || text.hasBytePrefix("[\(address)]:")
    }

    /// `gw1: 198.51.100.36:80/tcp 10.1.0.12:8080 has left the export, 3 connections, until … at the latest`
    var text: String {
        let left = drain.connections.map { ", \(ConnectionsText.text($0))" } ?? ""
        return "\(gateway): \(name) has left the export\(left), until \(drain.until) at the latest".printable
    }

    var json: JSONValue {
        ["drain": drain.json, "gateway": .string(gateway), "name": .string(name)]
    }
}
