import AdminAPI
package import Foundation
package import Registry

extension TokenStore {
    /// The secret of a new token; one of role gateway is of tcn/gw1 unless another is named.
    package func add(
        name: String, role: TokenRole, service: String? = nil, gateway: String = "tcn/gw1", expires: Date? = nil
    ) async throws -> String {
        let gateway = role == .gateway ? GatewayID(gateway) : nil
        return try await add(
            TokenGrant(name: name, role: role, service: service, gateway: gateway), expires: expires
        ).secret
    }
}
