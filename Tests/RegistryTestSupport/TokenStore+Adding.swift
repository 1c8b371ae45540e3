import AdminAPI
package import Foundation
package import Registry

extension TokenStore {
    /// The secret of a new token; one of role gateway is of tcn/gw1 unless another is named.
    package func add(
        name: String, role: TokenRole, service: String? = nil, gateway: String = "tcn/gw1", server: String = "app1",
        expires: Date? = nil
    ) async throws -> String {
        let gateway = role == .gateway ? GatewayID(gateway) : nil
        let isOfServer = role == .server || role == .join
        return try await add(
            TokenGrant(
                name: name, role: role, service: service, gateway: gateway, server: isOfServer ? server : nil),
            expires: expires ?? (role == .join ? now().addingTimeInterval(3_600) : nil)
        ).secret
    }
}
