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
        (gateway.report?.drains(at: server.addresses) ?? []).map {
            LeavingServer(gateway: gateway.gateway.name, name: $0.name, drain: $0.drain)
        }
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
